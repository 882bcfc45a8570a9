"""Stores which battles each killmail belongs to, from events about single battles and from batches of such events."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from battlescope_events.catalog import BATTLE_CREATED, BATTLE_DELETED, BATTLE_UPDATED
from battlescope_events.event_batch import decode_batch
from battlescope_events.messages import Event
from battlescope_schemas.battle import BattleChunk, BattleCreated, BattleDeleted
from killmail_enrich.enrichment.battle_membership import BattleMembership, keep_latest_revision, membership_of
from killmail_enrich.handlers.event_loop import yielding_to_event_loop
from killmail_enrich.persistence.archive import Archive
from killmail_enrich.persistence.battle_membership import BattleMembershipRepository

_BATCHED_TYPES: Final = {event_type.name: event_type for event_type in (BATTLE_CREATED, BATTLE_UPDATED, BATTLE_DELETED)}


@dataclass(frozen=True, slots=True)
class MembershipHandler:
    repository: BattleMembershipRepository
    archive: Archive

    async def handle(self, event: Event[BattleCreated | BattleDeleted | BattleChunk]) -> Collection[str]:
        """Store the memberships; returns the ids of the battles of the event."""
        if isinstance(event.data, BattleChunk):
            memberships = await self._latest_memberships(event.data)
        else:
            memberships = [membership_of(event.data)]
        await self.repository.save(memberships)
        return [membership.battle_id for membership in memberships]

    async def _latest_memberships(self, claim_check: BattleChunk) -> Collection[BattleMembership]:
        """One membership per battle, however many of its revisions the batch contains."""
        latest: dict[str, BattleMembership] = {}
        batch = await self.archive.batch(claim_check.chunk_key)
        async for event in yielding_to_event_loop(decode_batch(batch, _BATCHED_TYPES)):
            keep_latest_revision(latest, membership_of(event.data))
        return latest.values()
