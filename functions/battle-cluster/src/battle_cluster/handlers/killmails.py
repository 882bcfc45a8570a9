"""Processes killmails: a live one is a batch of one, and a backfilled batch takes the same path."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Final

from battle_cluster.detection.neighbourhood_strategies import is_batch
from battle_cluster.detection.rules import DetectionRules
from battle_cluster.domain.battle import CauseKind, RevisionCause
from battle_cluster.domain.lock_keys import MIDNIGHT_MARGIN
from battle_cluster.handlers.regroup import RegroupOutcome, RegroupRequest, regroup, retry_with_more_locks, save
from battle_cluster.handlers.values import change_values
from battle_cluster.messaging.enriched_killmail import EntityFact, EntityName, IncomingKillmail
from battle_cluster.persistence.unit_of_work import Database, UnitOfWork
from battle_cluster.reconciliation.battle_diff import NO_DIFF
from battlescope_events.postgres.outbox import Enqueued

MAX_PER_TRANSACTION: Final = 3000
"""Killmails: for these few seconds live killmails of the same systems and days wait."""
MAX_GAP: Final = MIDNIGHT_MARGIN
"""Seconds. A late killmail in a batch of present ones is processed alone."""
CACHED_TAIL: Final = 3600
"""Seconds. Only the end of a batch goes into the process cache, since the next batch begins there."""


async def process(killmails: Iterable[IncomingKillmail], database: Database, now: datetime) -> Enqueued | None:
    """Store the new killmails, and save the battles that they change, in few, bounded transactions.

    Returns the messages to publish; None if a killmail was stored before: the outbox may still hold the messages of
    that earlier attempt.
    """
    ordered = sorted(killmails, key=lambda incoming: (incoming.killmail.time, incoming.killmail.killmail_id))
    saved = [await _process_part(part, database, now) for part in _parts(ordered)]
    return _joined([enqueued for enqueued in saved if enqueued is not None]) if None not in saved else None


def _parts(ordered: Sequence[IncomingKillmail]) -> Iterator[Sequence[IncomingKillmail]]:
    """What is one transaction each: killmails far apart in time are apart, since a batch loads all of its time."""
    start = 0
    for end in range(1, len(ordered) + 1):
        is_last = end == len(ordered)
        is_far = not is_last and ordered[end].killmail.time - ordered[end - 1].killmail.time > MAX_GAP
        if is_last or is_far or end - start == MAX_PER_TRANSACTION:
            yield ordered[start:end]
            start = end


def _joined(parts: Sequence[Enqueued]) -> Enqueued:
    messages = tuple(message for part in parts for message in part.messages)
    return Enqueued(messages, tuple(row_id for part in parts for row_id in part.ids))


async def _process_part(killmails: Sequence[IncomingKillmail], database: Database, now: datetime) -> Enqueued | None:
    async def attempt(
        more_lock_keys: frozenset[int],
    ) -> tuple[RegroupOutcome, Sequence[IncomingKillmail], Sequence[IncomingKillmail]]:
        async with database.unit_of_work() as uow:
            return await _store_and_regroup(killmails, more_lock_keys, uow, now)

    has_saved_names = is_batch(len(killmails))
    if has_saved_names:
        # Another transaction that stores one of the same names waits for this one: not for all that a batch writes.
        await database.save_unknown(_names_of(killmails), _facts_of(killmails))
    outcome, new, revalued = await retry_with_more_locks(frozenset(), attempt)
    cached_from = killmails[-1].killmail.time - CACHED_TAIL
    tail = (incoming.killmail for incoming in new if incoming.killmail.time > cached_from)
    database.cache.record_committed(tail, outcome.diff.changes)
    for incoming in () if has_saved_names else new:
        database.cache.mark_saved(incoming.names, incoming.facts)
    if revalued:
        await change_values(revalued, database, now)
    return outcome.saved if len(new) == len(killmails) else None


async def _store_and_regroup(
    killmails: Sequence[IncomingKillmail], more_lock_keys: frozenset[int], uow: UnitOfWork, now: datetime
) -> tuple[RegroupOutcome, Sequence[IncomingKillmail], Sequence[IncomingKillmail]]:
    """The outcome, the killmails that were not stored before, each once, and stored ones that have another value."""
    by_revision = sorted(killmails, key=lambda incoming: incoming.killmail.value_order)
    by_id = {incoming.killmail.killmail_id: incoming for incoming in by_revision}
    config, stored = await uow.lock_and_find_stored([entry.killmail for entry in killmails], more_lock_keys)
    new = [incoming for killmail_id, incoming in by_id.items() if killmail_id not in stored]
    revalued = [by_id[i] for i, order in stored.items() if by_id[i].killmail.value_order > order]
    if not new:
        return RegroupOutcome(NO_DIFF), new, revalued
    request = RegroupRequest(
        cause=RevisionCause(CauseKind.KILLMAIL, str(new[-1].killmail.killmail_id)),
        killmails={incoming.killmail.killmail_id: incoming.killmail for incoming in new},
        stored_components=dict.fromkeys(incoming.killmail.killmail_id for incoming in new),
        rules=DetectionRules.from_configuration(config.window_minutes, config.gap_max_minutes, config.min_kills),
        edits=await uow.edits.active(config.edits_version),
        names=_names_of(new),
        facts=_facts_of(new),
    )
    if config.auto_clustering:
        return await regroup(request, uow, now), new, revalued
    return await save(NO_DIFF, request, uow, now), new, revalued


def _names_of(killmails: Iterable[IncomingKillmail]) -> frozenset[EntityName]:
    return frozenset[EntityName]().union(*(incoming.names for incoming in killmails))


def _facts_of(killmails: Iterable[IncomingKillmail]) -> frozenset[EntityFact]:
    return frozenset[EntityFact]().union(*(incoming.facts for incoming in killmails))
