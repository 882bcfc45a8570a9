"""The feed's host: numbered files, their head, and the history by day, with every fault the dials ask for."""

import json
from datetime import UTC, datetime, timedelta
from hashlib import md5
from typing import Final

from aiohttp import web

from battlescope_upstream.hosts.fault_injection import fault
from battlescope_upstream.hosts.state import SimulatedWorld

_OPEN_HOURS: Final = 6  # a day's history is complete six hours after its end
_JSON: Final = "application/json"


class R2z2:
    """Routes below `/ephemeral` and `/history`."""

    def __init__(self, world: SimulatedWorld) -> None:
        self._world = world

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/ephemeral/sequence.json", self._sequence),
            web.get(r"/ephemeral/{number:\d+}.json", self._file),
            web.get("/history/totals.json", self._totals),
            web.get(r"/history/{day:\d{8}}.json", self._hashes),
            web.get(r"/history/raw/{day:\d{8}}.json", self._bodies),
        ]

    async def _sequence(self, request: web.Request) -> web.Response:
        if (trouble := await fault(self._world, request)) is not None:
            return trouble
        self._world.now()
        return web.json_response({"sequence": self._world.feed.newest()})

    async def _file(self, request: web.Request) -> web.Response:
        if (trouble := await fault(self._world, request)) is not None:
            return trouble
        now, feed = self._world.now(), self._world.feed
        entry = feed.visible(int(request.match_info["number"]), now)
        if entry is None:
            return web.Response(status=404, text="Not Found")
        if self._world.drawn(self._world.dials.wrong_sequence):
            entry = feed.visible(entry.sequence - 1, now) or entry
        return web.Response(body=feed.text(entry, rewritten=entry.rewritten), content_type=_JSON)

    def _day_is_closed(self, day: str) -> bool:
        now = datetime.fromtimestamp(self._world.clock(), UTC)
        return day < f"{now - timedelta(hours=_OPEN_HOURS):%Y%m%d}"

    async def _totals(self, request: web.Request) -> web.Response:
        days = {day: len(mails) for day, mails in self._world.days().items() if self._day_is_closed(day)}
        return await self._history(request, json.dumps(days, separators=(",", ":")).encode())

    async def _hashes(self, request: web.Request) -> web.Response:
        mails = self._world.days().get(request.match_info["day"], [])
        text = json.dumps({str(mail.killmail_id): mail.hash for mail in mails}, separators=(",", ":"))
        return await self._history(request, text.encode())

    async def _bodies(self, request: web.Request) -> web.Response:
        mails = self._world.days().get(request.match_info["day"], [])
        members = (f'"{mail.killmail_id}":'.encode() + mail.esi for mail in mails)
        return await self._history(request, b"{" + b",".join(members) + b"}")

    async def _history(self, request: web.Request, body: bytes) -> web.Response:
        if (trouble := await fault(self._world, request)) is not None:
            return trouble
        day = request.match_info.get("day")
        if day is not None and (body == b"{}" or not self._day_is_closed(day)):
            return web.Response(status=404, text="Not Found")
        tag = f'"{md5(body, usedforsecurity=False).hexdigest()}"'
        headers = {"Cache-Control": "public, max-age=31536000", "ETag": tag}
        if request.headers.get("If-None-Match") == tag:
            return web.Response(status=304, headers=headers)
        return web.Response(body=body, content_type=_JSON, headers=headers)
