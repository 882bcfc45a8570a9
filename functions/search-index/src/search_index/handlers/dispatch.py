"""Which handler processes which event.

What an event says is committed before it is acknowledged; documents are computed from it a moment later, together with
those of other events.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, time
from typing import Any, Final

from battlescope_events.catalog import (
    BATTLE_CREATED,
    BATTLE_DELETED,
    BATTLE_ENDED,
    BATTLE_SHARE_CHANGED,
    BATTLE_UPDATED,
    BATTLES_CHANGED,
    BATTLES_ENDED,
    ENTITY_UPDATED,
    KILLMAIL_ENRICHED,
    RETENTION_DUE,
    SEARCH_REINDEX_REQUESTED,
    TIMER,
)
from battlescope_events.errors import PermanentError
from battlescope_events.messages import Event
from battlescope_schemas.backfill import RetentionDue
from battlescope_schemas.battle import BattleChunk, BattleCreated, BattleDeleted, BattleEnded, BattleShareChanged
from battlescope_schemas.enriched import EnrichedKillmail
from battlescope_schemas.entity import EntityType, EntityUpdated
from battlescope_schemas.reference import KillmailChunk
from battlescope_schemas.search.requests import ReindexRequested
from search_index.domain.battle import state_of
from search_index.messaging.claim_checks import ClaimChecks
from search_index.messaging.enriched_killmail import from_event
from search_index.persistence.retention import BATCH_SIZE
from search_index.services.grouped_saves import GroupedSaves
from search_index.services.indexing_loop import IndexingLoop
from search_index.services.maintenance import Maintenance
from search_index.services.rebuilding import Rebuilder
from search_index.services.saving import Saver

ACCEPTED_TYPES: Final = (
    KILLMAIL_ENRICHED,
    BATTLE_CREATED,
    BATTLE_UPDATED,
    BATTLE_DELETED,
    BATTLES_CHANGED,
    BATTLE_ENDED,
    BATTLES_ENDED,
    BATTLE_SHARE_CHANGED,
    ENTITY_UPDATED,
    RETENTION_DUE,
    SEARCH_REINDEX_REQUESTED,
    TIMER,
)
MAX_BATCHES: Final = 3
"""Batches that are processed at once: each takes some 30 MB."""
MAX_DELETIONS: Final = 100
"""Batches of old killmails of one event, those of ten days; the next day's event continues."""


@dataclass(frozen=True, slots=True)
class Handlers:
    """`delete_old` deletes one batch of killmails and returns their number."""

    claim_checks: ClaimChecks
    saver: Saver
    groups: GroupedSaves
    save_share: Callable[[BattleShareChanged], Awaitable[None]]
    save_name: Callable[[EntityUpdated], Awaitable[None]]
    delete_old: Callable[[datetime], Awaitable[int]]
    rebuilder: Rebuilder
    maintenance: Maintenance
    loop: IndexingLoop
    batch_slots: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(MAX_BATCHES))

    async def dispatch(self, event: Event[Any]) -> None:
        """Process an event, and index what it changed soon after."""
        match event.data:
            case EnrichedKillmail() as payload:
                await self.groups.save_killmail(from_event(payload))
            case BattleCreated() | BattleDeleted() as payload:
                await self.groups.save_battle(state_of(payload))
            case KillmailChunk() | BattleChunk():
                async with self.batch_slots:
                    await self._save_batch(event)
            case BattleEnded() as payload:
                await self.groups.end_battle(payload)
            case BattleShareChanged() as payload:
                await self.save_share(payload)
            case EntityUpdated(entity_type=EntityType.FACTION):
                pass
            case EntityUpdated() as payload:
                await self.save_name(payload)
            case RetentionDue() as payload:
                await self._delete_old(payload)
            case ReindexRequested(job_id=job_id, part=part):
                await self.rebuilder.process(job_id, part)
                await self.maintenance.publish()
            case _:
                await self._run_task(event)
        self.loop.wake()

    async def _save_batch(self, event: Event[KillmailChunk | BattleChunk]) -> None:
        match event.data:
            case KillmailChunk() as claim_check:
                await self.saver.save_killmails(await self.claim_checks.killmails(claim_check))
            case BattleChunk() as claim_check if event.type is BATTLES_ENDED:
                await self.saver.end_battles(await self.claim_checks.ends(claim_check))
            case BattleChunk() as claim_check:
                await self.saver.save_battles(await self.claim_checks.battles(claim_check))

    async def _delete_old(self, payload: RetentionDue) -> None:
        cutoff = datetime.combine(payload.cutoff_date, time(), UTC)
        for _ in range(MAX_DELETIONS):
            if await self.delete_old(cutoff) < BATCH_SIZE:
                return

    async def _run_task(self, event: Event[Any]) -> None:
        match event.extensions.get("task"):
            case "catch-up":
                await self.maintenance.catch_up()
            case "rebuild":
                await self.maintenance.request_rebuild()
            case task:
                raise PermanentError(f"This function has no timer task named {task}.")
