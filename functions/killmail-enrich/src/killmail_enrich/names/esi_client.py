"""Names from ESI's `POST /universe/names`, within the error budget that everybody who requests ESI shares."""

import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Final

from battlescope_events.errors import PermanentError, TransientError
from battlescope_events.upstream.client import RequestPolicy
from battlescope_events.upstream.errors import UpstreamCoolingDown
from battlescope_events.upstream.esi import MAX_ENTITY_ID, MAX_IDS_PER_REQUEST, Esi, header_number
from battlescope_schemas.entity import EntityType
from battlescope_schemas.names.esi_names import EsiName, InvalidNames, read_names
from killmail_enrich.names.model import RETRY_SECONDS, Name, is_ambiguous_id

_log = logging.getLogger(__name__)
# A refusal of another process is noticed within a second: to check it before each request would double its cost.
POLICY: Final = RequestPolicy(tries=3, retry_seconds=0.5, total_timeout=10.0, recheck_seconds=1.0)
# One unknown id fails a batch, and each failure costs one of the hundred errors a minute that all of ESI shares. After
# this many failures the next lookup isolates the other unknown ids; it has fewer suspects.
MAX_NOT_FOUND: Final = 40
_MIN_ERRORS_FOR_LOW_PRIORITY: Final = 50  # low priority leaves the other half of the error budget to live killmails
_DEFAULT_PAUSE_SECONDS: Final = 60.0  # the length of ESI's error window
_ENTITY_TYPES: Final = {entity_type.value for entity_type in EntityType}


class _NotFound(Exception):
    """At least one id of the batch does not exist."""


class _RequestFailed(Exception):
    """ESI was requested and returned no names."""


@dataclass(slots=True)
class _Lookup:
    """The results of one call so far; a low-priority lookup bisects only while the error budget is large."""

    low_priority: bool = False
    names: dict[int, Name] = field(default_factory=dict[int, Name])
    not_found: int = 0


class EsiClient:
    def __init__(self, esi: Esi, now: Callable[[], float]) -> None:
        """`now` is Unix time in seconds."""
        self._esi, self._now = esi, now
        self._low_priority_paused_until = 0.0

    async def fetch(self, entity_ids: Collection[int], *, low_priority: bool = False) -> dict[int, Name]:
        """Names by id; ids that ESI could not be requested for are absent, and no error is raised for them.

        A low-priority lookup isolates unknown ids only while half of the error budget is left.
        """
        lookup = _Lookup(low_priority)
        lookup.names.update({i: self._impossible(i) for i in entity_ids if i > MAX_ENTITY_ID})
        ids = sorted((i for i in set(entity_ids) if i <= MAX_ENTITY_ID), key=lambda i: (is_ambiguous_id(i), i))
        try:
            for start in range(0, len(ids), MAX_IDS_PER_REQUEST):
                await self._resolve(ids[start : start + MAX_IDS_PER_REQUEST], lookup)
        except UpstreamCoolingDown:
            pass  # logged when the cooldown started
        except (_RequestFailed, TransientError, PermanentError) as error:
            _log.warning("ESI returned no names: %s", error)
        return lookup.names

    async def _resolve(self, ids: Sequence[int], lookup: _Lookup) -> None:
        """Bisect a batch that fails until the unknown ids are isolated; the first cut separates the ambiguous ids."""
        if not self._may_bisect(lookup):
            ids = [i for i in ids if not is_ambiguous_id(i)]
        if not ids:
            return
        try:
            names = await self._request(ids)
        except _NotFound:
            lookup.not_found += 1
            if len(ids) == 1:
                lookup.names[ids[0]] = self._unknown(ids[0])
            elif self._may_bisect(lookup):
                cut = _cut(ids)
                await self._resolve(ids[:cut], lookup)
                await self._resolve(ids[cut:], lookup)
            return
        lookup.names.update({i: self._name(i, names.get(i)) for i in ids})

    def _may_bisect(self, lookup: _Lookup) -> bool:
        is_paused = lookup.low_priority and self._now() < self._low_priority_paused_until
        return lookup.not_found < MAX_NOT_FOUND and not is_paused

    async def _request(self, ids: Sequence[int]) -> Mapping[int, EsiName]:
        response = await self._esi.post("universe/names", list(ids))
        if header_number(response.headers, "x-esi-error-limit-remain", 100) < _MIN_ERRORS_FOR_LOW_PRIORITY:
            reset = header_number(response.headers, "x-esi-error-limit-reset", _DEFAULT_PAUSE_SECONDS)
            self._low_priority_paused_until = self._now() + reset
        if response.status == HTTPStatus.OK:
            try:
                return read_names(response.body, frozenset(ids))
            except InvalidNames as error:  # a page of a proxy, half of an answer
                raise _RequestFailed(str(error)) from error
        if response.status == HTTPStatus.NOT_FOUND:
            raise _NotFound
        reason = f"ESI rejects a list of ids with status {response.status}."
        await self._esi.pause(_DEFAULT_PAUSE_SECONDS, reason)  # a repeated request would only spend the error budget
        raise _RequestFailed(reason)

    def _name(self, entity_id: int, found: EsiName | None) -> Name:
        if found is None or found.category not in _ENTITY_TYPES:
            return self._unknown(entity_id)
        return Name(entity_id, EntityType(found.category), found.name, self._now())

    def _unknown(self, entity_id: int) -> Name:
        return Name(entity_id, None, None, self._now(), attempts=1)

    def _impossible(self, entity_id: int) -> Name:
        return Name(entity_id, None, None, self._now(), attempts=len(RETRY_SECONDS) + 1)


def _cut(ids: Sequence[int]) -> int:
    """The index of the first ambiguous id, or the middle where all ids or none are ambiguous."""
    unambiguous = sum(not is_ambiguous_id(i) for i in ids)
    return unambiguous if 0 < unambiguous < len(ids) else len(ids) // 2
