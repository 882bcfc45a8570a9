"""Processes killmails: one live killmail per transaction, and batches of backfilled ones in few transactions."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

from battle_cluster.detection.rules import DetectionRules
from battle_cluster.domain.battle import CauseKind, ClusteringConfig, RevisionCause
from battle_cluster.handlers.regroup import (
    NO_CHANGES,
    RegroupOutcome,
    RegroupRequest,
    regroup,
    retry_with_more_locks,
    save_changes,
)
from battle_cluster.messaging.enriched_killmail import EntityName, IncomingKillmail
from battle_cluster.persistence.lock_keys import (
    BATCH_LOCK_KEY,
    MIDNIGHT_MARGIN,
    lock_key,
    lock_keys_for,
    shared_lock_keys,
)
from battle_cluster.persistence.unit_of_work import Database, UnitOfWork
from battlescope_events.postgres.outbox import Enqueued

MAX_BATCH: Final = 3000
"""Killmails per transaction: for these few seconds live killmails of the same systems and days wait."""
CACHED_TAIL: Final = 3600
"""Seconds. Only the end of a batch goes into the process cache, since the next batch begins there."""


async def process_killmail(incoming: IncomingKillmail, database: Database, now: datetime) -> Enqueued | None:
    """Process one killmail in one transaction; returns the messages to publish.

    None for a repeated killmail: the outbox may still hold the messages of an earlier attempt.
    """

    async def attempt(lock_keys: frozenset[int]) -> tuple[RegroupOutcome, Enqueued] | None:
        async with database.unit_of_work() as uow:
            return await _process(incoming, lock_keys, uow, now)

    result = await retry_with_more_locks(lock_keys_for([incoming.killmail], nearby=True), attempt)
    if result is None:
        return None
    outcome, saved = result
    database.cache.record_committed([incoming.stored], outcome.diff.changes)
    database.cache.mark_saved(incoming.names)
    return saved


async def _process(
    incoming: IncomingKillmail, lock_keys: frozenset[int], uow: UnitOfWork, now: datetime
) -> tuple[RegroupOutcome, Enqueued] | None:
    config = await uow.killmails.insert(incoming, lock_keys, shared_lock_keys(lock_keys))
    if config is None:
        return None
    request = await _request([incoming], lock_keys, config, uow)
    if config.auto_clustering:
        return await regroup(request, uow, now)
    return NO_CHANGES, await save_changes(NO_CHANGES, request, uow, now)


async def process_batch(killmails: Iterable[IncomingKillmail], database: Database, now: datetime) -> None:
    """Process a batch in few, bounded transactions, so that live killmails are not blocked for long."""
    ordered = sorted(killmails, key=lambda incoming: (incoming.killmail.time, incoming.killmail.killmail_id))
    for start in range(0, len(ordered), MAX_BATCH):
        await _process_part(ordered[start : start + MAX_BATCH], database, now)


async def _process_part(killmails: Sequence[IncomingKillmail], database: Database, now: datetime) -> None:
    async def attempt(more_lock_keys: frozenset[int]) -> tuple[RegroupOutcome, frozenset[EntityName]]:
        async with database.unit_of_work() as uow:
            return await _process_ordered(killmails, more_lock_keys, uow, now)

    outcome, saved_names = await retry_with_more_locks(frozenset(), attempt)
    cached_from = killmails[-1].killmail.time - CACHED_TAIL
    tail = (incoming.stored for incoming in killmails if incoming.killmail.time > cached_from)
    database.cache.record_committed(tail, outcome.diff.changes)
    database.cache.mark_saved(saved_names)


async def _process_ordered(
    killmails: Sequence[IncomingKillmail], more_lock_keys: frozenset[int], uow: UnitOfWork, now: datetime
) -> tuple[RegroupOutcome, frozenset[EntityName]]:
    await uow.lock({BATCH_LOCK_KEY}, ())  # before any read: what was read before a wait for the lock may be stale
    lock_keys = await _batch_lock_keys(killmails, uow) | more_lock_keys
    config = await uow.lock(lock_keys, shared_lock_keys(lock_keys))
    new_killmails = await uow.killmails.not_stored(killmails)
    if not new_killmails:
        return NO_CHANGES, frozenset()
    request = await _request(new_killmails, lock_keys, config, uow)
    if config.auto_clustering:
        outcome, _ = await regroup(request, uow, now, new_killmails)
    else:
        outcome = NO_CHANGES
        await uow.killmails.insert_batch(new_killmails, {})
        await save_changes(outcome, request, uow, now)
    return outcome, request.names


async def _batch_lock_keys(killmails: Sequence[IncomingKillmail], uow: UnitOfWork) -> frozenset[int]:
    """The keys of killmails in order of time, and of all stored ones around that time: some battle reaches them."""
    start, end = killmails[0].killmail.time - MIDNIGHT_MARGIN, killmails[-1].killmail.time + MIDNIGHT_MARGIN
    stored = {lock_key(system_id, day) for system_id, day in await uow.killmails.system_days_between(start, end)}
    return lock_keys_for((incoming.killmail for incoming in killmails), nearby=False) | stored


async def _request(
    killmails: Sequence[IncomingKillmail], lock_keys: frozenset[int], config: ClusteringConfig, uow: UnitOfWork
) -> RegroupRequest:
    by_id = {incoming.killmail.killmail_id: incoming.stored for incoming in killmails}
    return RegroupRequest(
        cause=RevisionCause(CauseKind.KILLMAIL, str(killmails[-1].killmail.killmail_id)),
        killmails=by_id,
        stored_components=dict.fromkeys(by_id),
        rules=DetectionRules.from_configuration(config.window_minutes, config.gap_max_minutes, config.min_kills),
        edits=await uow.edits.active(config.edits_version),
        lock_keys=lock_keys,
        names=frozenset[EntityName]().union(*(incoming.names for incoming in killmails)),
    )
