"""EVE Ref's host: an archive of killmails for each day, and the number of killmails of each day."""

import asyncio
import io
import json
import tarfile
from collections.abc import Sequence

from aiohttp import web

from battlescope_upstream.hosts.fault_injection import inject_fault
from battlescope_upstream.hosts.state import UpstreamState
from battlescope_upstream.killmail import Killmail

_BASE = "/everef/killmails"


class Everef:
    """Routes below `/everef`. Archives are built at their first request and cached."""

    def __init__(self, state: UpstreamState) -> None:
        self._state = state
        self._archives: dict[str, bytes] = {}

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get(f"{_BASE}/totals.json", self._totals),
            web.get(rf"{_BASE}/{{year:\d{{4}}}}/killmails-{{day:\d{{4}}-\d\d-\d\d}}.tar.bz2", self._archive),
        ]

    async def _totals(self, request: web.Request) -> web.Response:
        if (fault_response := await inject_fault(self._state, request)) is not None:
            return fault_response
        return web.json_response({day: len(killmails) for day, killmails in self._state.killmails_by_day().items()})

    async def _archive(self, request: web.Request) -> web.Response:
        if (fault_response := await inject_fault(self._state, request)) is not None:
            return fault_response
        day = request.match_info["day"].replace("-", "")
        killmails = self._state.killmails_by_day().get(day)
        if killmails is None or not day.startswith(request.match_info["year"]):
            return web.Response(status=404, text="Not Found")
        if day not in self._archives:
            self._archives[day] = await asyncio.to_thread(_build_archive, killmails)
        return web.Response(body=self._archives[day], content_type="application/x-bzip2")


def _build_archive(killmails: Sequence[Killmail]) -> bytes:
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w:bz2") as files:
        for killmail in killmails:
            added = json.dumps({"killmail_hash": killmail.hash, "http_last_modified": "2026-01-01T00:00:00Z"})
            body = killmail.esi[:-1] + b"," + added[1:].encode()
            entry = tarfile.TarInfo(f"killmails/{killmail.killmail_id}.json")
            entry.size = len(body)
            files.addfile(entry, io.BytesIO(body))
    return archive.getvalue()
