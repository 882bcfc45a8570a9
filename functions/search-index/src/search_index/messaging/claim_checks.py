"""Batches behind claim checks in object storage: enriched killmails, changes of battles, and ends of battles."""

import asyncio
from collections.abc import Mapping
from typing import Any, Final

from battlescope_events.catalog import BATTLE_CREATED, BATTLE_DELETED, BATTLE_ENDED, BATTLE_UPDATED
from battlescope_events.errors import PermanentError
from battlescope_events.event_batch import decode_batch
from battlescope_events.messages import EventType
from battlescope_events.object_storage.objects import ObjectStorage
from battlescope_schemas.archive import decompress_batch
from battlescope_schemas.battle import BattleChunk, BattleEnded
from battlescope_schemas.reference import KillmailChunk
from search_index.domain.battle import BattleState, state_of
from search_index.domain.killmail import IncomingKillmail
from search_index.messaging.enriched_killmail import read_lines

_MAX_BYTES: Final = 64 * 1024 * 1024  # of a batch; the largest one has 3,000 killmails, about 2 MB
_CHANGES: Final = {event_type.name: event_type for event_type in (BATTLE_CREATED, BATTLE_UPDATED, BATTLE_DELETED)}
_ENDS: Final = {BATTLE_ENDED.name: BATTLE_ENDED}


class ClaimChecks:
    """Large batches are decoded in a thread, so that live killmails do not wait."""

    def __init__(self, storage: ObjectStorage) -> None:
        self._storage = storage

    async def killmails(self, claim_check: KillmailChunk) -> list[IncomingKillmail]:
        """The killmails of one batch.

        Raises:
            PermanentError: there is no such object, or it is not gzip with one enriched killmail per line.
            TransientError: object storage does not answer.
        """
        key = claim_check.chunk_key
        if claim_check.content is not None:
            return _killmails(key, claim_check.content)
        return await asyncio.to_thread(_killmails, key, await self._storage.get(key, max_bytes=_MAX_BYTES))

    async def battles(self, claim_check: BattleChunk) -> list[BattleState]:
        """The battles of one batch; of a battle perhaps several revisions.

        Raises:
            PermanentError: there is no such object, or it is no batch of changes of battles.
            TransientError: object storage does not answer.
        """
        return [state_of(payload) for payload in await self._payloads(claim_check, _CHANGES)]

    async def ends(self, claim_check: BattleChunk) -> list[BattleEnded]:
        """The ends of one batch; raises as `battles`."""
        return await self._payloads(claim_check, _ENDS)

    async def _payloads(self, claim_check: BattleChunk, accepts: Mapping[str, EventType[Any]]) -> list[Any]:
        if claim_check.content is not None:
            return _payloads(claim_check.content, accepts)
        body = await self._storage.get(claim_check.chunk_key, max_bytes=_MAX_BYTES)
        return await asyncio.to_thread(_payloads, body, accepts)


def _killmails(key: str, body: bytes) -> list[IncomingKillmail]:
    try:
        return list(read_lines(decompress_batch(body)))
    except ValueError as error:
        raise PermanentError(f"Object {key} is not gzip with one enriched killmail per line.") from error


def _payloads(body: bytes, accepts: Mapping[str, EventType[Any]]) -> list[Any]:
    return [event.data for event in decode_batch(body, accepts)]
