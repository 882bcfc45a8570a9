"""Control API for tests and benchmarks: publication times, clean files, fault settings, the ground truth."""

import json
from dataclasses import asdict
from typing import Any

from aiohttp import web

from battlescope_upstream.content.published_feed import FeedEntry
from battlescope_upstream.fault_settings import InvalidFaultSetting
from battlescope_upstream.hosts.state import UpstreamState


class Control:
    """Routes below `/control`; those that change the faults only where `changeable`, because everybody reaches them."""

    def __init__(self, state: UpstreamState, *, changeable: bool) -> None:
        self._state, self._changeable = state, changeable

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/control/published", self._get_publication_times),
            web.get("/control/sequences", self._get_killmail_ids),
            web.get(r"/control/raw/{number:\d+}", self._get_clean_file),
            web.get("/control/state", self._get_feed_state),
            web.get("/control/truth", self._get_truth),
            web.get("/control/answers", self._get_response_counts),
            web.get("/control/dials", self._get_faults),
            *([web.post("/control/dials", self._change_faults)] if self._changeable else []),
        ]

    def _visible_entries(self, request: web.Request) -> list[FeedEntry]:
        now, feed = self._state.advance_to_now(), self._state.feed
        first = max(int(request.query.get("from", feed.first_sequence)), feed.first_sequence)
        entries = feed.entries[first - feed.first_sequence :]
        return [entry for entry in entries if entry.visible_at is not None and entry.visible_at <= now]

    async def _get_publication_times(self, request: web.Request) -> web.Response:
        """Sequence to the time from which its file can be fetched, in Unix seconds."""
        return web.json_response({str(entry.sequence): entry.visible_at for entry in self._visible_entries(request)})

    async def _get_killmail_ids(self, request: web.Request) -> web.Response:
        """Sequence to killmail id, without holes and placeholders."""
        entries = self._visible_entries(request)
        return web.json_response({str(e.sequence): e.killmail.killmail_id for e in entries if e.killmail is not None})

    async def _get_clean_file(self, request: web.Request) -> web.Response:
        """The bytes of a file without faults; with `?revision=0` those from before it was rewritten."""
        now, feed = self._state.advance_to_now(), self._state.feed
        entry = feed.visible_entry(int(request.match_info["number"]), now)
        if entry is None:
            return web.Response(status=404, text="This sequence is not published.")
        rewritten = entry.rewritten and request.query.get("revision") != "0"
        return web.Response(body=feed.render(entry, rewritten=rewritten), content_type="application/json")

    async def _get_feed_state(self, _: web.Request) -> web.Response:
        self._state.advance_to_now()
        feed = self._state.feed
        return web.json_response({
            "mails": len(feed.killmails),
            "first": feed.first_sequence,
            "next": feed.next_sequence,
            "finished": feed.finished,
            "opened": feed.opened_at,
        })  # fmt: skip

    async def _get_truth(self, _: web.Request) -> web.Response:
        truth = self._state.truth
        if truth is None:
            return web.Response(status=404, text="Killmails from files have no ground truth.")
        body: dict[str, Any] = {
            "fightOf": truth.fight_of,
            "kindOf": truth.kind_of,
            "fights": {n: {"kind": fight.kind, "sides": fight.sides} for n, fight in truth.fights.items()},
        }
        return web.Response(text=json.dumps(body), content_type="application/json")

    async def _get_response_counts(self, _: web.Request) -> web.Response:
        """Number of responses by route and status."""
        return web.json_response(self._state.response_counts)

    async def _get_faults(self, _: web.Request) -> web.Response:
        return web.json_response(asdict(self._state.faults))

    async def _change_faults(self, request: web.Request) -> web.Response:
        try:
            faults = self._state.faults.with_changes(await request.json())
        except (InvalidFaultSetting, ValueError) as error:
            return web.Response(status=400, text=str(error))
        self._state.feed.change_faults(faults, self._state.clock())
        return web.json_response(asdict(faults))
