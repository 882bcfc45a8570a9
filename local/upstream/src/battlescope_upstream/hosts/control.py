"""What a test or benchmark asks this world itself: moments of publication, clean files, dials, the truth."""

import json
from dataclasses import asdict
from typing import Any

from aiohttp import web

from battlescope_upstream.content.published_feed import Entry
from battlescope_upstream.fault_settings import BadDial
from battlescope_upstream.hosts.state import SimulatedWorld


class Control:
    """Routes below `/control`."""

    def __init__(self, world: SimulatedWorld) -> None:
        self._world = world

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/control/published", self._published),
            web.get("/control/sequences", self._sequences),
            web.get(r"/control/raw/{number:\d+}", self._raw),
            web.get("/control/state", self._state),
            web.get("/control/truth", self._truth),
            web.get("/control/answers", self._answers),
            web.get("/control/dials", self._dials),
            web.post("/control/dials", self._turn),
        ]

    def _visible(self, request: web.Request) -> list[Entry]:
        now, feed = self._world.now(), self._world.feed
        first = max(int(request.query.get("from", feed.first_sequence)), feed.first_sequence)
        entries = feed.entries[first - feed.first_sequence :]
        return [entry for entry in entries if entry.visible_at is not None and entry.visible_at <= now]

    async def _published(self, request: web.Request) -> web.Response:
        """Sequence to the moment from which its file can be fetched, in Unix seconds."""
        return web.json_response({str(entry.sequence): entry.visible_at for entry in self._visible(request)})

    async def _sequences(self, request: web.Request) -> web.Response:
        """Sequence to killmail id, without holes and placeholders."""
        found = {str(e.sequence): e.mail.killmail_id for e in self._visible(request) if e.mail is not None}
        return web.json_response(found)

    async def _raw(self, request: web.Request) -> web.Response:
        """The clean bytes of a file; with `?revision=0` those from before it was rewritten."""
        now, feed = self._world.now(), self._world.feed
        entry = feed.visible(int(request.match_info["number"]), now)
        if entry is None:
            return web.Response(status=404, text="This sequence is not published.")
        rewritten = entry.rewritten and request.query.get("revision") != "0"
        return web.Response(body=feed.text(entry, rewritten=rewritten), content_type="application/json")

    async def _state(self, _: web.Request) -> web.Response:
        self._world.now()
        feed = self._world.feed
        return web.json_response({
            "mails": len(feed.mails),
            "first": feed.first_sequence,
            "next": feed.head,
            "finished": feed.finished,
            "opened": feed.opened,
        })  # fmt: skip

    async def _truth(self, _: web.Request) -> web.Response:
        truth = self._world.truth
        if truth is None:
            return web.Response(status=404, text="Real mails come without truth.")
        told: dict[str, Any] = {
            "fightOf": truth.fight_of,
            "kindOf": truth.kind_of,
            "fights": {n: {"kind": fight.kind, "sides": fight.sides} for n, fight in truth.fights.items()},
        }
        return web.Response(text=json.dumps(told), content_type="application/json")

    async def _answers(self, _: web.Request) -> web.Response:
        """How often each route answered with each status."""
        return web.json_response(self._world.answers)

    async def _dials(self, _: web.Request) -> web.Response:
        return web.json_response(asdict(self._world.dials))

    async def _turn(self, request: web.Request) -> web.Response:
        try:
            changed = self._world.dials.turned(await request.json())
        except (BadDial, ValueError) as error:
            return web.Response(status=400, text=str(error))
        self._world.feed.turn(changed, self._world.clock())
        return web.json_response(asdict(changed))
