"""Gives stored killmails another value: their battles get new totals, sides by the new weights, and a revision."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from battle_cluster.detection.rules import DetectionRules
from battle_cluster.domain.battle import CauseKind, RevisionCause
from battle_cluster.domain.killmail import Killmail
from battle_cluster.handlers.regroup import RegroupOutcome, RegroupRequest, regroup, retry_with_more_locks
from battle_cluster.persistence.unit_of_work import Database, UnitOfWork
from battle_cluster.reconciliation.battle_diff import NO_DIFF


async def change_values(killmails: Sequence[Killmail], database: Database, now: datetime) -> None:
    """Store the values of these killmails, one transaction each, unless a later value is stored."""
    for killmail in killmails:
        await _change_value(killmail, database, now)


async def _change_value(killmail: Killmail, database: Database, now: datetime) -> None:
    async def attempt(more_lock_keys: frozenset[int]) -> RegroupOutcome:
        cache = database.cache
        try:
            async with database.unit_of_work() as uow:
                return await _update_and_regroup(killmail, more_lock_keys, uow, now)
        finally:  # whether or not it is committed, nothing computed from the other value stays
            cache.drop_outdated([killmail.killmail_id], cache.values_version)

    outcome = await retry_with_more_locks(frozenset(), attempt)
    database.cache.record_committed((), outcome.diff.changes)


async def _update_and_regroup(
    killmail: Killmail, more_lock_keys: frozenset[int], uow: UnitOfWork, now: datetime
) -> RegroupOutcome:
    config, revisions = await uow.lock_and_find_stored([killmail], more_lock_keys)
    if revisions.get(killmail.killmail_id, killmail.value_revision) >= killmail.value_revision:
        return RegroupOutcome(NO_DIFF)
    (stored,) = (await uow.killmails.load([killmail.killmail_id])).values()
    revalued = replace(stored, value=killmail.value, value_revision=killmail.value_revision)
    await uow.killmails.update_values([revalued])
    uow.cache.drop_outdated([killmail.killmail_id], uow.cache.values_version)
    if not config.auto_clustering:
        return RegroupOutcome(NO_DIFF)
    request = RegroupRequest(
        cause=RevisionCause(CauseKind.VALUE, str(killmail.killmail_id)),
        killmails={killmail.killmail_id: revalued},
        stored_components=await uow.killmails.stored_components([killmail.killmail_id]),
        rules=DetectionRules.from_configuration(config.window_minutes, config.gap_max_minutes, config.min_kills),
        edits=await uow.edits.active(config.edits_version),
    )
    return await regroup(request, uow, now)
