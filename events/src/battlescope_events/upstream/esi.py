"""What holds for every request to ESI, CCP's API of the game; the calls are those of the functions."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

from battlescope_events.upstream.circuit_breaker import CircuitBreaker
from battlescope_events.upstream.client import RequestPolicy, UpstreamClient, UpstreamResponse
from battlescope_events.upstream.cooldown import Cooldowns
from battlescope_events.upstream.http import ExternalHttp

UPSTREAM: Final = "esi"  # the name of its cooldown
COMPATIBILITY_DATE: Final = "2026-08-18"  # ESI demands one; pinned, so that responses change only with this constant
MAX_IDS_PER_REQUEST: Final = 1000  # of `POST /universe/names`
MAX_ENTITY_ID: Final = 2**31 - 1  # entities have 32-bit ids; ESI rejects a whole request that contains a larger one
_HEADERS: Final = {"X-Compatibility-Date": COMPATIBILITY_DATE}
_MIN_BUDGET: Final = 10  # of errors or tokens: cool down before the last one is spent
_DEFAULT_SECONDS: Final = 60.0  # the length of ESI's error window


class Esi:
    """ESI at its base URL."""

    def __init__(self, client: UpstreamClient, url: str) -> None:
        self._client = client
        self._url = url.rstrip("/")

    async def get(self, path: str) -> UpstreamResponse:
        """As `UpstreamClient.get`."""
        return await self._client.get(f"{self._url}/{path}", _HEADERS)

    async def post(self, path: str, value: Any) -> UpstreamResponse:
        """As `UpstreamClient.post`."""
        return await self._client.post(f"{self._url}/{path}", value, _HEADERS)

    async def pause(self, seconds: float, reason: str) -> None:
        """As `UpstreamClient.pause`."""
        await self._client.pause(seconds, reason)


def make_esi(
    url: str,
    http: ExternalHttp,
    cooldowns: Cooldowns,
    policy: RequestPolicy,
    *,
    now: Callable[[], datetime],
    jitter: Callable[[], float],
    breaker: CircuitBreaker | None = None,
) -> Esi:
    """ESI at `url`; its refusals and the pauses that its budgets demand hold for all who share `cooldowns`."""
    client = UpstreamClient(
        UPSTREAM, http, cooldowns, policy, now=now, jitter=jitter, breaker=breaker, budget_pause=budget_pause
    )
    return Esi(client, url)


def budget_pause(headers: Mapping[str, str]) -> float | None:
    """Seconds to wait after an answer that leaves hardly any errors or tokens; all of ESI shares both budgets."""
    if header_number(headers, "x-esi-error-limit-remain", _MIN_BUDGET) < _MIN_BUDGET:
        return header_number(headers, "x-esi-error-limit-reset", _DEFAULT_SECONDS)
    if header_number(headers, "x-ratelimit-remaining", _MIN_BUDGET) < _MIN_BUDGET:
        return _DEFAULT_SECONDS
    return None


def header_number(headers: Mapping[str, str], name: str, default: float) -> float:
    """A number of at least 0 from a header; the default where it is absent or no number."""
    try:
        return max(0.0, float(headers.get(name, default)))
    except ValueError:
        return default
