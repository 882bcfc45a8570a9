"""Resolves names by ESI's `POST /universe/names`, only when a saved ruleset holds ids without a name."""

import asyncio
import logging
from collections.abc import Collection, Mapping, Sequence
from http import HTTPStatus
from typing import Final

from battlescope_events.errors import PermanentError, TransientError
from battlescope_events.upstream.client import RequestPolicy
from battlescope_events.upstream.errors import UpstreamUnavailable
from battlescope_events.upstream.esi import MAX_ENTITY_ID, MAX_IDS_PER_REQUEST, Esi
from battlescope_schemas.names.esi_names import EsiName, InvalidNames, read_names
from ingest_api.domain.entity_validation import NameLookup

_log = logging.getLogger(__name__)
POLICY: Final = RequestPolicy(total_timeout=5.0)
TIMEOUT: Final = 8.0  # seconds for all requests of a lookup; the client waits for the response meanwhile
# One unknown id fails a batch, and each failure counts against ESI's error limit of 100 a minute, which all functions
# share.
MAX_NOT_FOUND: Final = 20
_PAUSE_SECONDS: Final = 60.0  # the length of ESI's error window


class EsiClient:
    def __init__(self, esi: Esi) -> None:
        self._esi = esi

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
        except (TransientError, PermanentError) as error:
            _log.warning("ESI resolves no names: %s", error)
        return lookup

    async def _resolve_batch(self, ids: Sequence[int], lookup: NameLookup, remaining_failures: list[int]) -> None:
        """Halve a failing batch until each unknown id is isolated, or until `remaining_failures` is used up."""
        if not remaining_failures[0]:
            return
        names = await self._request_names(ids)
        if names is not None:
            lookup.names.update(names)
            return
        remaining_failures[0] -= 1
        if len(ids) == 1:
            lookup.unknown.add(ids[0])
            return
        for half in (ids[: len(ids) // 2], ids[len(ids) // 2 :]):
            await self._resolve_batch(half, lookup, remaining_failures)

    async def _request_names(self, ids: Sequence[int]) -> Mapping[int, EsiName] | None:
        """The names of all ids; None when one of them does not exist.

        Raises:
            UpstreamUnavailable: ESI cannot be asked now, or does not answer with names.
        """
        response = await self._esi.post("universe/names", list(ids))
        if response.status == HTTPStatus.NOT_FOUND:
            return None
        if response.status == HTTPStatus.OK:
            try:
                return read_names(response.body, frozenset(ids))
            except InvalidNames as error:
                raise UpstreamUnavailable(f"ESI does not respond with names: {error}") from error
        reason = f"ESI rejects a list of ids with status {response.status}."
        await self._esi.pause(_PAUSE_SECONDS, reason)  # further requests would spend the error limit
        raise UpstreamUnavailable(reason)
