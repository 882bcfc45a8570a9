"""Tickers from ESI's routes of corporations and alliances: one request each, spaced."""

import logging
from collections.abc import Callable
from http import HTTPStatus
from typing import Final

from battlescope_events.errors import PermanentError, TransientError
from battlescope_events.upstream.client import RequestPolicy
from battlescope_events.upstream.errors import UpstreamCoolingDown
from battlescope_events.upstream.esi import Esi
from killmail_enrich.names.tickers import ROUTES, Organisation, TickerAnswer, read_ticker

_log = logging.getLogger(__name__)
_PAUSE_SECONDS: Final = 600.0  # a refused route is tried again by the next timer event; names go on meanwhile


def ticker_policy(rate: float) -> RequestPolicy:
    """`rate`: requests per second. Nothing waits for a ticker, so that a failed request is not repeated at once."""
    return RequestPolicy(rate=rate, total_timeout=10.0, recheck_seconds=1.0)


class TickerClient:
    def __init__(self, esi: Esi, now: Callable[[], float]) -> None:
        """`now` is Unix time in seconds."""
        self._esi, self._now = esi, now
        self._paused_until = 0.0

    async def fetch(self, organisation: Organisation) -> TickerAnswer | None:
        """The answer of ESI; None while it cannot be asked. No error is raised."""
        path = f"{ROUTES[organisation.entity_type]}/{organisation.entity_id}"
        if self._now() < self._paused_until:
            return None
        try:
            response = await self._esi.get(path)
        except UpstreamCoolingDown:  # logged when the cooldown started
            return None
        except (TransientError, PermanentError) as error:
            _log.warning("ESI gave no ticker: %s", error)
            return None
        if response.status not in {HTTPStatus.OK, HTTPStatus.NOT_FOUND}:
            _log.warning("ESI answers %s with status %d; tickers wait for ten minutes.", path, response.status)
            self._paused_until = self._now() + _PAUSE_SECONDS
            return None
        ticker = read_ticker(response.body) if response.status == HTTPStatus.OK else None
        return TickerAnswer(organisation, ticker, self._now())
