"""Names from ESI: `POST /universe/names`, asked only when somebody saves ids that were not looked up yet."""

import asyncio
import logging
from collections.abc import Collection, Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final

import httpx2

from ingest_api.domain.entity_validation import Found

_log = logging.getLogger(__name__)
COMPATIBILITY_DATE: Final = "2026-08-18"  # ESI demands one; pinned, so that answers change only when we say so
MOST_IDS: Final = 1000  # ESI's own limit
LARGEST_ID: Final = 2**31 - 1  # entities have 32-bit ids; ESI refuses a whole question that holds a larger one
SECONDS: Final = 8.0  # in all: somebody waits for the answer
# One unknown id fails a batch, and each failure costs the budget of a hundred errors a minute that all of ours share.
MOST_NOT_FOUND: Final = 20
_QUIET_SECONDS: Final = 60.0  # the length of ESI's error window


class _EsiUnavailable(Exception):  # noqa: N818  # an outcome
    """ESI does not answer, or does not want to be asked."""


class Esi:
    def __init__(self, client: httpx2.AsyncClient, url: str) -> None:
        self._client = client
        self._url = f"{url.rstrip('/')}/universe/names"
        self._quiet_until = 0.0

    async def look_up(self, ids: Collection[int]) -> Found:
        """What ESI says of them. It never raises: of what it could not be asked about, nothing is found."""
        found = Found(unknown={one for one in ids if one > LARGEST_ID})
        asked = sorted(one for one in set(ids) if one <= LARGEST_ID)
        failures = [MOST_NOT_FOUND]
        try:
            async with asyncio.timeout(SECONDS):
                for first in range(0, len(asked), MOST_IDS):
                    await self._resolve(asked[first : first + MOST_IDS], found, failures)
        except TimeoutError:
            _log.warning("ESI takes longer than %.0f s to tell names.", SECONDS)
        except _EsiUnavailable as reason:
            _log.warning("ESI tells no names now: %s", reason)
        return found

    async def _resolve(self, ids: Sequence[int], found: Found, failures: list[int]) -> None:
        """Halve a batch that fails until the ids that do not exist stand alone, or too many failures were caused."""
        if not failures[0]:
            return
        entries = await self._ask(ids)
        if entries is not None:
            found.names.update({entry["id"]: (entry["category"], entry["name"]) for entry in entries})
            return
        failures[0] -= 1
        if len(ids) == 1:
            found.unknown.add(ids[0])
            return
        for half in (ids[: len(ids) // 2], ids[len(ids) // 2 :]):
            await self._resolve(half, found, failures)

    async def _ask(self, ids: Sequence[int]) -> list[Mapping[str, Any]] | None:
        """Names of all of them; none where one does not exist."""
        if asyncio.get_running_loop().time() < self._quiet_until:
            raise _EsiUnavailable("it wanted to be left alone")
        try:
            answer = await self._client.post(
                self._url, json=list(ids), headers={"X-Compatibility-Date": COMPATIBILITY_DATE}
            )
        except httpx2.HTTPError as error:
            raise _EsiUnavailable(repr(error)) from error
        if answer.status_code == HTTPStatus.NOT_FOUND:
            return None
        if answer.status_code != HTTPStatus.OK:
            self._heed(answer)
            raise _EsiUnavailable(f"it answers with status {answer.status_code}")
        return _entries(answer)

    def _heed(self, answer: httpx2.Response) -> None:
        """A refusal is no error of the moment: asking on would spend what killmail-enrich needs."""
        if answer.status_code < HTTPStatus.INTERNAL_SERVER_ERROR:
            stated = answer.headers.get("retry-after") or answer.headers.get("x-esi-error-limit-reset") or ""
            wait = float(stated) if stated.isdecimal() else _QUIET_SECONDS
            self._quiet_until = asyncio.get_running_loop().time() + wait


def _entries(answer: httpx2.Response) -> list[Mapping[str, Any]]:
    try:
        entries: list[Mapping[str, Any]] = answer.json()
        return [{"id": int(one["id"]), "category": one["category"], "name": one["name"]} for one in entries]
    except (ValueError, TypeError, KeyError) as error:
        raise _EsiUnavailable(f"it answers something else than names: {error!r}") from error
