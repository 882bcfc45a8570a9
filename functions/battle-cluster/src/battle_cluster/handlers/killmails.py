"""What battle-cluster does with each kind of event: a mail, a chunk of mails, a name, an edit, a job's part, a tick."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Final

from battle_cluster.detection.rules import DetectionRules
from battle_cluster.domain.battle import CauseKind, ClusteringConfig, RevisionCause
from battle_cluster.handlers.edits import apply
from battle_cluster.handlers.recluster import recluster
from battle_cluster.handlers.regroup import (
    NOTHING,
    RegroupOutcome,
    RegroupRequest,
    compute_changes,
    retry_with_more_locks,
    save_changes,
)
from battle_cluster.handlers.retention import retire
from battle_cluster.handlers.suggestions import suggest
from battle_cluster.messaging.claim_checks import Archive
from battle_cluster.messaging.enriched_killmail import IncomingKillmail, Name, from_event
from battle_cluster.persistence.battles import SavedMessages
from battle_cluster.persistence.lock_keys import BATCH_LOCK_KEY, MIDNIGHT_MARGIN, lock_keys_for, place, shared_lock_keys
from battle_cluster.persistence.unit_of_work import Database, UnitOfWork
from battlescope_events.messages import Event
from battlescope_events.publisher import Publish
from battlescope_schemas.backfill import RetentionDue
from battlescope_schemas.battle import BattleEditRequested, BattleEnded, ReclusterRequested
from battlescope_schemas.enriched import EnrichedKillmail
from battlescope_schemas.entity import EntityUpdated
from battlescope_schemas.reference import KillmailChunk

AT_ONCE: Final = 3000
"""Mails of a chunk in one transaction: a few seconds in which mails of the same systems and days wait."""
LOOKED_AT_AGAIN: Final = 3600
"""Seconds: of a chunk only the end is remembered, for the next one begins there."""

EventData = (
    EnrichedKillmail
    | KillmailChunk
    | EntityUpdated
    | BattleEditRequested
    | ReclusterRequested
    | BattleEnded
    | RetentionDue
    | None
)


async def handle(
    event: Event[EventData], *, store: Database, publish: Publish, archive: Archive, clock: Callable[[], datetime]
) -> None:
    match event.data:
        case EnrichedKillmail() as mail:
            said = await process_killmail(from_event(mail), store, clock())
            if said is not None:
                await store.publish_saved(said, publish)
                return
        case KillmailChunk(chunk_key=key):
            async with store.batch_semaphore:
                await process_batch(await archive.chunk(key), store, clock())
        case EntityUpdated(entity_type=kind, entity_id=entity_id, entity_name=name):
            await store.rename(Name(kind, entity_id, name))
        case BattleEditRequested(edit_id=edit_id):
            await apply(edit_id, store, clock())
        case ReclusterRequested(job_id=job_id, part=part):
            await recluster(job_id, part, store, clock())
        case RetentionDue(cutoff_date=cutoff):
            await retire(cutoff, store, clock())
        case BattleEnded():
            await suggest(store)
        case _:
            await store.forget_attempts()
            await suggest(store)
    await store.flush_outbox(publish)


async def process_killmail(mail: IncomingKillmail, store: Database, now: datetime) -> SavedMessages | None:
    """File one mail; one transaction. None where it was here before: then an earlier try may have left words unsaid."""

    async def attempt(places: frozenset[int]) -> tuple[RegroupOutcome, SavedMessages] | None:
        async with store.transaction() as tx:
            return await _file(mail, places, tx, now)

    filed = await retry_with_more_locks(lock_keys_for([mail.mail], nearby=True), attempt)
    if filed is None:
        return None
    found, said = filed
    store.memory.remember([mail.stored], found.difference.changes)
    store.memory.mark_saved(mail.names)
    return said


async def _file(
    mail: IncomingKillmail, places: frozenset[int], tx: UnitOfWork, now: datetime
) -> tuple[RegroupOutcome, SavedMessages] | None:
    terms = await tx.insert_killmail(mail, places, shared_lock_keys(places))
    if terms is None:
        return None
    work = await _work([mail], places, terms, tx)
    found = await compute_changes(work, tx) if terms.auto_clustering else NOTHING
    return found, await save_changes(found, work, tx, now)


async def process_batch(mails: Iterable[IncomingKillmail], store: Database, now: datetime) -> None:
    """File many mails by way of as few transactions as is polite to those who file single ones meanwhile."""
    ordered = sorted(mails, key=lambda one: (one.mail.time, one.mail.killmail_id))
    for start in range(0, len(ordered), AT_ONCE):
        await _file_batch(ordered[start : start + AT_ONCE], store, now)


async def _file_batch(mails: Sequence[IncomingKillmail], store: Database, now: datetime) -> None:
    async def attempt(more: frozenset[int]) -> tuple[RegroupOutcome, frozenset[Name]]:
        async with store.transaction() as tx:
            await tx.lock({BATCH_LOCK_KEY}, ())  # before anything is looked at: who waits here has old news
            places = await _lock_keys_of_batch(mails, tx) | more
            terms = await tx.lock(places, shared_lock_keys(places))
            fresh = await tx.new_of(mails)
            if not fresh:
                return NOTHING, frozenset()
            work = await _work(fresh, places, terms, tx)
            if terms.auto_clustering:
                found = await compute_changes(work, tx, fresh)
            else:
                found = NOTHING
                await tx.store(fresh, {})
            await save_changes(found, work, tx, now)
            return found, work.names

    found, written = await retry_with_more_locks(frozenset(), attempt)
    latest = mails[-1].mail.time - LOOKED_AT_AGAIN
    store.memory.remember((one.stored for one in mails if one.mail.time > latest), found.difference.changes)
    store.memory.mark_saved(written)


async def _lock_keys_of_batch(mails: Sequence[IncomingKillmail], tx: UnitOfWork) -> frozenset[int]:
    """The places of many mails in order of time, and those of all around them: some fight will reach there."""
    around = await tx.places_between(mails[0].mail.time - MIDNIGHT_MARGIN, mails[-1].mail.time + MIDNIGHT_MARGIN)
    return lock_keys_for((one.mail for one in mails), nearby=False) | {place(*one) for one in around}


async def _work(
    mails: Sequence[IncomingKillmail], places: frozenset[int], terms: ClusteringConfig, tx: UnitOfWork
) -> RegroupRequest:
    arrived = {one.mail.killmail_id: one.stored for one in mails}
    return RegroupRequest(
        cause=RevisionCause(CauseKind.KILLMAIL, str(mails[-1].mail.killmail_id)),
        arrived=arrived,
        stored_in=dict.fromkeys(arrived),
        rules=DetectionRules.from_configuration(terms.window_minutes, terms.gap_max_minutes, terms.min_kills),
        edits=await tx.edits(terms.edits_version),
        places=places,
        names=frozenset[Name]().union(*(one.names for one in mails)),
    )
