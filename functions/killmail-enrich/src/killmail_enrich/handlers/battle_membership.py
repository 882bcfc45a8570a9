"""Stores which battles each killmail belongs to, from events about single battles and from batches of such events."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from battlescope_events.catalog import BATTLE_CREATED, BATTLE_DELETED, BATTLE_UPDATED
from battlescope_events.event_batch import decode_batch
from battlescope_events.messages import Event
from battlescope_schemas.battle import BattleChunk, BattleCreated, BattleDeleted
from killmail_enrich.enrichment.battle_membership import BattleMembership, keep_latest_revision, membership_of
from killmail_enrich.handlers.event_loop import parts_between_other_tasks
from killmail_enrich.persistence.archive import Archive
from killmail_enrich.persistence.battle_membership import BattleMembershipRepository

_BATCHED_TYPES: Final = {event_type.name: event_type for event_type in (BATTLE_CREATED, BATTLE_UPDATED, BATTLE_DELETED)}


@dataclass(frozen=True, slots=True)
class BattleChanges:
    """The battles of an event: the payloads of few, else the ids of many."""

    battle_ids: Collection[str]
    payloads: Sequence[BattleCreated | BattleDeleted] = ()


@dataclass(frozen=True, slots=True)
class MembershipHandler:
    repository: BattleMembershipRepository
    archive: Archive

    async def handle(self, event: Event[BattleCreated | BattleDeleted | BattleChunk]) -> BattleChanges:
        """Store the memberships; returns what they are of."""
        if isinstance(event.data, BattleChunk) and event.data.content is None:
            latest = await self._latest_memberships(event.data.chunk_key)
            await self.repository.save(latest.values())
            return BattleChanges(latest)
        payloads = list(_payloads(event.data))
        await self.repository.save(_latest(payloads).values())
        return BattleChanges((), payloads)

    async def _latest_memberships(self, chunk_key: str) -> dict[str, BattleMembership]:
        latest: dict[str, BattleMembership] = {}
        batch = await self.archive.batch(chunk_key)
        async for part in parts_between_other_tasks(decode_batch(batch, _BATCHED_TYPES)):
            for event in part:
                keep_latest_revision(latest, membership_of(event.data))
        return latest


def _payloads(data: BattleCreated | BattleDeleted | BattleChunk) -> Iterable[BattleCreated | BattleDeleted]:
    if isinstance(data, BattleChunk):
        return (change.data for change in decode_batch(data.content or b"", _BATCHED_TYPES))
    return [data]


def _latest(payloads: Iterable[BattleCreated | BattleDeleted]) -> dict[str, BattleMembership]:
    """One membership per battle, however many of its revisions there are."""
    latest: dict[str, BattleMembership] = {}
    for payload in payloads:
        keep_latest_revision(latest, membership_of(payload))
    return latest
