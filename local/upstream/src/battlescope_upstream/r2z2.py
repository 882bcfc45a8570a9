"""The feed's host: numbered files, their head, and the history by day, with every fault the dials ask for."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from hashlib import md5
from typing import Final

from aiohttp import web

from battlescope_upstream.world import World

_OPEN_HOURS: Final = 6  # a day's history is complete six hours after its end
_HTML: Final = "<!DOCTYPE html><html><body>One moment, please.</body></html>"
_JSON: Final = "application/json"


class R2z2:
    """Routes below `/ephemeral` and `/history`."""

    def __init__(self, world: World) -> None:
        self._world = world

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/ephemeral/sequence.json", self._sequence),
            web.get(r"/ephemeral/{number:\d+}.json", self._file),
            web.get("/history/totals.json", self._totals),
            web.get(r"/history/{day:\d{8}}.json", self._hashes),
            web.get(r"/history/raw/{day:\d{8}}.json", self._bodies),
        ]

    async def _fault(self, request: web.Request) -> web.Response | None:
        """An answer that stands in the way of the real one, if the dials draw one."""
        world, dials = self._world, self._world.dials
        if dials.blank_agent_forbidden and not request.headers.get("User-Agent", "").strip():
            return web.Response(status=403, text="A User-Agent is required.")
        if world.drawn(dials.slow):
            await asyncio.sleep(dials.slow_seconds)
        if world.drawn(dials.forbidden):
            return web.Response(status=403, text="Forbidden")
        if world.drawn(dials.throttled):
            after = {"Retry-After": f"{dials.retry_after:g}"} if dials.retry_after else None
            return web.Response(status=429, text="Too Many Requests", headers=after)
        if world.drawn(dials.failing):
            return web.Response(status=503, text="Service Unavailable")
        return web.Response(text=_HTML, content_type="text/html") if world.drawn(dials.html) else None

    async def _sequence(self, request: web.Request) -> web.Response:
        if (fault := await self._fault(request)) is not None:
            return fault
        self._world.now()
        return web.json_response({"sequence": self._world.feed.newest()})

    async def _file(self, request: web.Request) -> web.Response:
        if (fault := await self._fault(request)) is not None:
            return fault
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
        if (fault := await self._fault(request)) is not None:
            return fault
        day = request.match_info.get("day")
        if day is not None and (body == b"{}" or not self._day_is_closed(day)):
            return web.Response(status=404, text="Not Found")
        tag = f'"{md5(body, usedforsecurity=False).hexdigest()}"'
        headers = {"Cache-Control": "public, max-age=31536000", "ETag": tag}
        if request.headers.get("If-None-Match") == tag:
            return web.Response(status=304, headers=headers)
        return web.Response(body=body, content_type=_JSON, headers=headers)
