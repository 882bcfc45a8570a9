"""EVE Ref's host of market history: a file for each day, and a list of the days with their rows."""

import asyncio
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from typing import Final

from aiohttp import web

from battlescope_upstream.content.market import Row, market_file, market_rows, market_types
from battlescope_upstream.hosts.fault_injection import inject_fault
from battlescope_upstream.hosts.state import UpstreamState

_BASE: Final = "/everef/market-history"
_REWRITTEN_FACTOR: Final = 1.25


class Market:
    """Routes below `/everef/market-history`: the days of the killmails and `market_days` before them."""

    def __init__(self, state: UpstreamState) -> None:
        self._state = state

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get(f"{_BASE}/totals.json", self._totals),
            web.get(rf"{_BASE}/{{year:\d{{4}}}}/market-history-{{day:\d{{4}}-\d\d-\d\d}}.csv.bz2", self._file),
        ]

    @cached_property
    def _types(self) -> frozenset[int]:
        return market_types(self._state.killmails.values())

    @cached_property
    def _days(self) -> tuple[date, ...]:
        """In order; none without killmails."""
        times = [killmail.killed_at for killmail in self._state.killmails.values()]
        if not times:
            return ()
        first, last = (datetime.fromtimestamp(time, UTC).date() for time in (min(times), max(times)))
        first -= timedelta(days=self._state.market_days)
        return tuple(first + timedelta(days=number) for number in range((last - first).days + 1))

    async def _totals(self, request: web.Request) -> web.Response:
        if (fault_response := await self._fault(request)) is not None:
            return fault_response
        return web.json_response(await asyncio.to_thread(self._row_counts))

    async def _file(self, request: web.Request) -> web.Response:
        if (fault_response := await self._fault(request)) is not None:
            return fault_response
        day = date.fromisoformat(request.match_info["day"])
        if day not in self._days or f"{day:%Y}" != request.match_info["year"]:
            return web.Response(status=404, text="Not Found")
        return web.Response(body=await asyncio.to_thread(self._content, day), content_type="application/x-bzip2")

    async def _fault(self, request: web.Request) -> web.Response | None:
        if self._state.faults.market_away:
            return web.Response(status=503, text="Service Unavailable")
        return await inject_fault(self._state, request)

    def _row_counts(self) -> dict[str, int]:
        return {day.isoformat(): len(self._rows(day)) for day in self._days}

    def _rows(self, day: date) -> list[Row]:
        rows = market_rows(day, self._types, self._state.reference)
        if self._state.faults.market_rewritten:
            rows = [row | {"average": f"{float(row['average']) * _REWRITTEN_FACTOR:.2f}"} for row in rows[:-1]]
        return rows[: len(rows) // 2] if self._state.faults.market_half and day == self._days[-1] else rows

    def _content(self, day: date) -> bytes:
        faults = self._state.faults
        content = market_file(day, self._rows(day), without="average" if faults.market_wrong_columns else "")
        return content[: len(content) // 2] if faults.market_broken else content
