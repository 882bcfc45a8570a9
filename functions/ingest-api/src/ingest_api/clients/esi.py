"""Names from ESI: `POST /universe/names`, asked only when somebody saves ids that were not looked up yet."""

import asyncio
import logging
from collections.abc import Collection, Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final

import httpx2

from ingest_api.domain.entity_validation import NameLookup

_log = logging.getLogger(__name__)
COMPATIBILITY_DATE: Final = "2026-08-18"  # ESI demands one; pinned, so that answers change only when we say so
MAX_IDS_PER_REQUEST: Final = 1000  # ESI's own limit
MAX_ENTITY_ID: Final = 2**31 - 1  # entities have 32-bit ids; ESI refuses a whole question that holds a larger one
TIMEOUT: Final = 8.0  # in all: somebody waits for the answer
# One unknown id fails a batch, and each failure costs the budget of a hundred errors a minute that all of ours share.
MAX_NOT_FOUND: Final = 20
_DEFAULT_COOLDOWN: Final = 60.0  # the length of ESI's error window


class _EsiUnavailable(Exception):  # noqa: N818  # an outcome
    """ESI does not answer, or does not want to be asked."""


class EsiClient:
    def __init__(self, client: httpx2.AsyncClient, url: str) -> None:
        self._client = client
        self._url = f"{url.rstrip('/')}/universe/names"
        self._cooldown_until = 0.0

    async def resolve_names(self, ids: Collection[int]) -> NameLookup:
        """What ESI says of them. It never raises: of what it could not be asked about, nothing is found."""
        lookup = NameLookup(unknown={one for one in ids if one > MAX_ENTITY_ID})
        requested = sorted(one for one in set(ids) if one <= MAX_ENTITY_ID)
        remaining_failures = [MAX_NOT_FOUND]
        try:
            async with asyncio.timeout(TIMEOUT):
                for first in range(0, len(requested), MAX_IDS_PER_REQUEST):
                    await self._resolve_batch(
                        requested[first : first + MAX_IDS_PER_REQUEST], lookup, remaining_failures
                    )
        except TimeoutError:
            _log.warning("ESI takes longer than %.0f s to tell names.", TIMEOUT)
        except _EsiUnavailable as reason:
            _log.warning("ESI tells no names now: %s", reason)
        return lookup

    async def _resolve_batch(self, ids: Sequence[int], lookup: NameLookup, remaining_failures: list[int]) -> None:
        """Halve a batch that fails until the ids that do not exist stand alone, or too many failures were caused."""
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
        """Names of all of them; none where one does not exist."""
        if asyncio.get_running_loop().time() < self._cooldown_until:
            raise _EsiUnavailable("it wanted to be left alone")
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
            raise _EsiUnavailable(f"it answers with status {response.status_code}")
        return _entries(response)

    def _start_cooldown(self, response: httpx2.Response) -> None:
        """A refusal is no error of the moment: asking on would spend what killmail-enrich needs."""
        if response.status_code < HTTPStatus.INTERNAL_SERVER_ERROR:
            retry_after = response.headers.get("retry-after") or response.headers.get("x-esi-error-limit-reset") or ""
            seconds = float(retry_after) if retry_after.isdecimal() else _DEFAULT_COOLDOWN
            self._cooldown_until = asyncio.get_running_loop().time() + seconds


def _entries(response: httpx2.Response) -> list[Mapping[str, Any]]:
    try:
        entries: list[Mapping[str, Any]] = response.json()
        return [{"id": int(one["id"]), "category": one["category"], "name": one["name"]} for one in entries]
    except (ValueError, TypeError, KeyError) as error:
        raise _EsiUnavailable(f"it answers something else than names: {error!r}") from error
