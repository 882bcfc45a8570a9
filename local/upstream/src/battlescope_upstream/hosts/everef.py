"""EVE Ref's host: an archive of mails for every day, and how many each day has."""

import asyncio
import io
import json
import tarfile
from collections.abc import Sequence

from aiohttp import web

from battlescope_upstream.hosts.fault_injection import fault
from battlescope_upstream.hosts.state import SimulatedWorld
from battlescope_upstream.killmail import Mail

_BASE = "/everef/killmails"


class Everef:
    """Routes below `/everef`. Archives are packed when they are first asked for, and kept."""

    def __init__(self, world: SimulatedWorld) -> None:
        self._world = world
        self._packed: dict[str, bytes] = {}

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get(f"{_BASE}/totals.json", self._totals),
            web.get(rf"{_BASE}/{{year:\d{{4}}}}/killmails-{{day:\d{{4}}-\d\d-\d\d}}.tar.bz2", self._archive),
        ]

    async def _totals(self, request: web.Request) -> web.Response:
        if (trouble := await fault(self._world, request)) is not None:
            return trouble
        return web.json_response({day: len(mails) for day, mails in self._world.days().items()})

    async def _archive(self, request: web.Request) -> web.Response:
        if (trouble := await fault(self._world, request)) is not None:
            return trouble
        day = request.match_info["day"].replace("-", "")
        mails = self._world.days().get(day)
        if mails is None or not day.startswith(request.match_info["year"]):
            return web.Response(status=404, text="Not Found")
        if day not in self._packed:
            self._packed[day] = await asyncio.to_thread(_packed, mails)
        return web.Response(body=self._packed[day], content_type="application/x-bzip2")


def _packed(mails: Sequence[Mail]) -> bytes:
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w:bz2") as files:
        for mail in mails:
            added = json.dumps({"killmail_hash": mail.hash, "http_last_modified": "2026-01-01T00:00:00Z"})
            body = mail.esi[:-1] + b"," + added[1:].encode()
            entry = tarfile.TarInfo(f"killmails/{mail.killmail_id}.json")
            entry.size = len(body)
            files.addfile(entry, io.BytesIO(body))
    return archive.getvalue()
