"""Resolves names by ESI's `POST /universe/names`, only when a saved ruleset holds ids without a name."""

import asyncio
import logging
from collections.abc import Collection, Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final

import httpx2

from ingest_api.domain.entity_validation import NameLookup

_log = logging.getLogger(__name__)
COMPATIBILITY_DATE: Final = "2026-08-18"  # ESI requires one; pinned, so that responses change only with this line
MAX_IDS_PER_REQUEST: Final = 1000  # ESI's limit
MAX_ENTITY_ID: Final = 2**31 - 1  # entity ids have 32 bits; ESI rejects a whole request with a larger id
TIMEOUT: Final = 8.0  # seconds for all requests of a lookup; the client waits for the response meanwhile
# One unknown id fails a batch, and each failure counts against ESI's error limit of 100 a minute, which all functions
# share.
MAX_NOT_FOUND: Final = 20
_DEFAULT_COOLDOWN: Final = 60.0  # seconds; the length of ESI's error window


class _EsiUnavailable(Exception):  # noqa: N818  # handled here, never raised to callers
    """ESI does not respond, rejects the request, or is cooling down."""


class EsiClient:
    def __init__(self, client: httpx2.AsyncClient, url: str) -> None:
        self._client = client
        self._url = f"{url.rstrip('/')}/universe/names"
        self._cooldown_until = 0.0

    async def resolve_names(self, ids: Collection[int]) -> NameLookup:
        """The names and unknown ids. Never raises: the result omits ids that could not be looked up."""
        lookup = NameLookup(unknown={entity_id for entity_id in ids if entity_id > MAX_ENTITY_ID})
        requested = sorted(entity_id for entity_id in set(ids) if entity_id <= MAX_ENTITY_ID)
        remaining_failures = [MAX_NOT_FOUND]
        try:
            async with asyncio.timeout(TIMEOUT):
                for first in range(0, len(requested), MAX_IDS_PER_REQUEST):
                    batch = requested[first : first + MAX_IDS_PER_REQUEST]
                    await self._resolve_batch(batch, lookup, remaining_failures)
        except TimeoutError:
            _log.warning("ESI has not resolved all names within %.0f s.", TIMEOUT)
        except _EsiUnavailable as error:
            _log.warning("ESI is unavailable: %s", error)
        return lookup

    async def _resolve_batch(self, ids: Sequence[int], lookup: NameLookup, remaining_failures: list[int]) -> None:
        """Halve a failing batch until each unknown id is isolated, or until `remaining_failures` is used up."""
        if not remaining_failures[0]:
            return
        entries = await self._request_names(ids)
        if entries is not None:
            lookup.names.update({entry["id"]: (entry["category"], entry["name"]) for entry in entries})
            return
        remaining_failures[0] -= 1
        if len(ids) == 1:
            lookup.unknown.add(ids[0])
            return
        for half in (ids[: len(ids) // 2], ids[len(ids) // 2 :]):
            await self._resolve_batch(half, lookup, remaining_failures)

    async def _request_names(self, ids: Sequence[int]) -> list[Mapping[str, Any]] | None:
        """The names of all ids; None when one of them does not exist.

        Raises:
            _EsiUnavailable: ESI cannot be asked now.
        """
        if asyncio.get_running_loop().time() < self._cooldown_until:
            raise _EsiUnavailable("cooling down after rate limiting")
        try:
            response = await self._client.post(
                self._url, json=list(ids), headers={"X-Compatibility-Date": COMPATIBILITY_DATE}
            )
        except httpx2.HTTPError as error:
            raise _EsiUnavailable(repr(error)) from error
        if response.status_code == HTTPStatus.NOT_FOUND:
            return None
        if response.status_code != HTTPStatus.OK:
            self._start_cooldown(response)
            raise _EsiUnavailable(f"status {response.status_code}")
        return _entries(response)

    def _start_cooldown(self, response: httpx2.Response) -> None:
        """Cool down after a 4xx status: further requests would spend the error limit that killmail-enrich needs."""
        if response.status_code < HTTPStatus.INTERNAL_SERVER_ERROR:
            retry_after = response.headers.get("retry-after") or response.headers.get("x-esi-error-limit-reset") or ""
            seconds = float(retry_after) if retry_after.isdecimal() else _DEFAULT_COOLDOWN
            self._cooldown_until = asyncio.get_running_loop().time() + seconds


def _entries(response: httpx2.Response) -> list[Mapping[str, Any]]:
    try:
        entries: list[Mapping[str, Any]] = response.json()
        return [{"id": int(entry["id"]), "category": entry["category"], "name": entry["name"]} for entry in entries]
    except (ValueError, TypeError, KeyError) as error:
        raise _EsiUnavailable(f"invalid response body: {error!r}") from error
