"""The feed's host: numbered files, sequence.json and the history by day, with injected faults."""

import json
from datetime import UTC, datetime, timedelta
from hashlib import md5
from typing import Final

from aiohttp import web

from battlescope_upstream.hosts.fault_injection import html_page, inject_fault
from battlescope_upstream.hosts.state import UpstreamState

_HISTORY_DELAY_HOURS: Final = 6  # the history of a day appears six hours after its end
_JSON: Final = "application/json"


class R2z2:
    """Routes below `/ephemeral` and `/history`."""

    def __init__(self, state: UpstreamState) -> None:
        self._state = state

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/ephemeral/sequence.json", self._head),
            web.get(r"/ephemeral/{number:\d+}.json", self._file),
            web.get("/history/totals.json", self._totals),
            web.get(r"/history/{day:\d{8}}.json", self._hashes),
            web.get(r"/history/raw/{day:\d{8}}.json", self._bodies),
        ]

    async def _head(self, request: web.Request) -> web.Response:
        if (fault_response := await self._feed_fault(request)) is not None:
            return fault_response
        self._state.advance_to_now()
        return web.json_response({"sequence": self._state.feed.announced_head()})

    async def _file(self, request: web.Request) -> web.Response:
        if (fault_response := await self._feed_fault(request)) is not None:
            return fault_response
        if self._state.faults.feed_html:
            return html_page()
        now, feed = self._state.advance_to_now(), self._state.feed
        entry = feed.visible_entry(int(request.match_info["number"]), now)
        if entry is None:
            return web.Response(status=404, text="Not Found")
        if self._state.is_drawn(self._state.faults.wrong_sequence):
            entry = feed.visible_entry(entry.sequence - 1, now) or entry
        return web.Response(body=feed.render(entry, rewritten=entry.rewritten), content_type=_JSON)

    async def _feed_fault(self, request: web.Request) -> web.Response | None:
        """A fault of the host, or of the feed alone."""
        if (fault_response := await inject_fault(self._state, request)) is not None:
            return fault_response
        return web.Response(status=503, text="Service Unavailable") if self._state.faults.feed_down else None

    def _day_is_complete(self, day: str) -> bool:
        if self._state.faults.live_history:
            return True
        now = datetime.fromtimestamp(self._state.clock(), UTC)
        return day < f"{now - timedelta(hours=_HISTORY_DELAY_HOURS):%Y%m%d}"

    async def _totals(self, request: web.Request) -> web.Response:
        by_day = self._state.killmails_by_day()
        days = {day: len(killmails) for day, killmails in by_day.items() if self._day_is_complete(day)}
        return await self._history(request, json.dumps(days, separators=(",", ":")).encode())

    async def _hashes(self, request: web.Request) -> web.Response:
        killmails = self._state.killmails_by_day().get(request.match_info["day"], [])
        text = json.dumps({str(killmail.killmail_id): killmail.hash for killmail in killmails}, separators=(",", ":"))
        return await self._history(request, text.encode())

    async def _bodies(self, request: web.Request) -> web.Response:
        killmails = self._state.killmails_by_day().get(request.match_info["day"], [])
        members = (f'"{killmail.killmail_id}":'.encode() + killmail.esi for killmail in killmails)
        return await self._history(request, b"{" + b",".join(members) + b"}")

    async def _history(self, request: web.Request, body: bytes) -> web.Response:
        if (fault_response := await inject_fault(self._state, request)) is not None:
            return fault_response
        day = request.match_info.get("day")
        if day is not None and (body == b"{}" or not self._day_is_complete(day)):
            return web.Response(status=404, text="Not Found")
        tag = f'"{md5(body, usedforsecurity=False).hexdigest()}"'
        headers = {"Cache-Control": "public, max-age=31536000", "ETag": tag}
        if request.headers.get("If-None-Match") == tag:
            return web.Response(status=304, headers=headers)
        return web.Response(body=body, content_type=_JSON, headers=headers)
