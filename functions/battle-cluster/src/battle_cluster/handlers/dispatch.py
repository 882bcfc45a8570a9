"""Which handler processes which event."""

from collections.abc import Awaitable, Callable
from datetime import datetime

from battle_cluster.handlers.edits import apply_edit
from battle_cluster.handlers.killmails import process
from battle_cluster.handlers.recluster import recluster
from battle_cluster.handlers.republish import republish
from battle_cluster.handlers.retention import delete_expired
from battle_cluster.messaging.claim_checks import ClaimCheckStore
from battle_cluster.messaging.enriched_killmail import EntityName, from_event
from battle_cluster.persistence.unit_of_work import Database
from battlescope_events.messages import Event
from battlescope_events.publisher import Publish
from battlescope_schemas.backfill import RetentionDue
from battlescope_schemas.battle import (
    BattleChunk,
    BattleEditRequested,
    BattleEnded,
    ReclusterRequested,
    RepublishRequested,
)
from battlescope_schemas.enriched import EnrichedKillmail
from battlescope_schemas.entity import EntityUpdated
from battlescope_schemas.reference import KillmailChunk

EventData = (
    EnrichedKillmail
    | KillmailChunk
    | EntityUpdated
    | BattleEditRequested
    | ReclusterRequested
    | RepublishRequested
    | BattleEnded
    | BattleChunk
    | RetentionDue
    | None
)


async def dispatch(
    event: Event[EventData],
    *,
    database: Database,
    publish: Publish,
    claim_checks: ClaimCheckStore,
    suggest_splits: Callable[[], Awaitable[None]],
    clock: Callable[[], datetime],
) -> None:
    """Process an event and publish the messages that it wrote into the outbox."""
    saved = None
    match event.data:
        case EnrichedKillmail() as killmail:
            saved = await process([from_event(killmail)], database, clock())
        case KillmailChunk(job_id=job_id) as claim_check:
            async with database.live_batch_semaphore if job_id is None else database.batch_semaphore:
                saved = await process(await claim_checks.read_killmails(claim_check), database, clock())
        case EntityUpdated(entity_type=entity_type, entity_id=entity_id, entity_name=name, ticker=ticker):
            await database.save_name(EntityName(entity_type, entity_id, name), ticker)
        case BattleEditRequested(edit_id=edit_id):
            await apply_edit(edit_id, database, clock())
        case ReclusterRequested(job_id=job_id, part=part):
            await recluster(job_id, part, database, clock())
        case RepublishRequested(job_id=job_id, part=part):
            await republish(job_id, part, database, claim_checks.put, clock())
        case RetentionDue(cutoff_date=cutoff):
            await delete_expired(cutoff, database, clock())
        case BattleEnded() | BattleChunk():  # which battles ended is read from the database
            await suggest_splits()
            return  # it writes no message
        case _:  # the hourly timer event
            await database.deduplicator.delete_old()
            await suggest_splits()
    if saved is None:
        await database.outbox.flush(publish)
    else:
        await database.outbox.publish_committed(saved, publish)
