"""Which handler processes which event.

What an event says is committed before it is acknowledged; documents are computed from it a moment later, together with
those of other events.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time
from typing import Any, Final

from battlescope_events.catalog import (
    BATTLE_CREATED,
    BATTLE_DELETED,
    BATTLE_ENDED,
    BATTLE_SHARE_CHANGED,
    BATTLE_UPDATED,
    BATTLES_CHANGED,
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
from search_index.domain import battle as battles
from search_index.domain import killmail as killmails
from search_index.domain.battle import BattleState, state_of
from search_index.messaging.claim_checks import ClaimChecks
from search_index.messaging.enriched_killmail import from_event
from search_index.persistence.battles import BattleRepository
from search_index.persistence.killmails import KillmailRepository
from search_index.persistence.retention import BATCH_SIZE
from search_index.services.indexing_loop import IndexingLoop
from search_index.services.maintenance import Maintenance
from search_index.services.rebuilding import Rebuilder

ACCEPTED_TYPES: Final = (
    KILLMAIL_ENRICHED,
    BATTLE_CREATED,
    BATTLE_UPDATED,
    BATTLE_DELETED,
    BATTLES_CHANGED,
    BATTLE_ENDED,
    BATTLE_SHARE_CHANGED,
    ENTITY_UPDATED,
    RETENTION_DUE,
    SEARCH_REINDEX_REQUESTED,
    TIMER,
)
KILLMAILS_PER_TRANSACTION: Final = 1000
BATTLES_PER_TRANSACTION: Final = 200
"""Rows of a batch in a transaction, which takes a fraction of a second."""
MAX_DELETIONS: Final = 100
"""Batches of old killmails of one event, those of ten days; the next day's event continues."""


@dataclass(frozen=True, slots=True)
class Handlers:
    """`delete_old` deletes one batch of killmails and returns their number."""

    claim_checks: ClaimChecks
    killmails: KillmailRepository
    battles: BattleRepository
    save_share: Callable[[BattleShareChanged], Awaitable[None]]
    save_name: Callable[[EntityUpdated], Awaitable[None]]
    delete_old: Callable[[datetime], Awaitable[int]]
    rebuilder: Rebuilder
    maintenance: Maintenance
    loop: IndexingLoop

    async def dispatch(self, event: Event[Any]) -> None:
        """Process an event, and index what it changed soon after."""
        match event.data:
            case EnrichedKillmail() | KillmailChunk() as payload:
                await self._save_killmails(payload)
            case BattleCreated() | BattleDeleted() as payload:
                await self._save_battles([state_of(payload)])
            case BattleChunk() as claim_check:
                await self._save_battles(await self.claim_checks.battles(claim_check))
            case BattleEnded() as payload:
                await self.battles.end(payload)
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

    async def _save_killmails(self, payload: EnrichedKillmail | KillmailChunk) -> None:
        is_single = isinstance(payload, EnrichedKillmail)
        incoming = [from_event(payload)] if is_single else await self.claim_checks.killmails(payload)
        ordered = list(killmails.latest_of_each(incoming))
        for start in range(0, len(ordered), KILLMAILS_PER_TRANSACTION):
            await self.killmails.save(ordered[start : start + KILLMAILS_PER_TRANSACTION])

    async def _save_battles(self, states: Sequence[BattleState]) -> None:
        ordered = battles.latest_of_each(states)
        for start in range(0, len(ordered), BATTLES_PER_TRANSACTION):
            await self.battles.save(ordered[start : start + BATTLES_PER_TRANSACTION])

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
