"""Reclusters a time range, part by part: each part is one event and one transaction, and requests the next part."""

from datetime import datetime
from typing import Final

from battle_cluster.detection.rules import DetectionRules
from battle_cluster.domain.battle import CauseKind, ClusteringConfig, RevisionCause
from battle_cluster.domain.lock_keys import BATCH_LOCK_KEY, lock_keys_for
from battle_cluster.handlers.regroup import (
    RegroupOutcome,
    RegroupRequest,
    regroup,
    retry_with_more_locks,
)
from battle_cluster.messaging.events import recluster_request
from battle_cluster.persistence.recluster_jobs import Job, Progress
from battle_cluster.persistence.unit_of_work import Database, UnitOfWork
from battle_cluster.reconciliation.battle_diff import NO_DIFF
from battlescope_events.errors import PermanentError

PART_SIZE: Final = 1000
"""Killmails per part: about two seconds of work, well below the delivery timeout."""


async def recluster(job_id: str, part: int, database: Database, now: datetime) -> None:
    """Process one part of a job; a part that was done before, or of an ended or cancelled job, changes nothing.

    Raises:
        PermanentError: there is no such job.
    """

    async def attempt(lock_keys: frozenset[int]) -> RegroupOutcome:
        async with database.unit_of_work() as uow:
            job = await uow.jobs.start(job_id, now)
            if job is None:
                raise PermanentError(f"There is no job {job_id}.")
            return await _process_part(job, lock_keys, uow, now) if job.is_next_part(part) else RegroupOutcome(NO_DIFF)

    outcome = await retry_with_more_locks(frozenset({BATCH_LOCK_KEY}), attempt)
    database.cache.record_committed((), outcome.diff.changes)


async def _process_part(job: Job, lock_keys: frozenset[int], uow: UnitOfWork, now: datetime) -> RegroupOutcome:
    killmail_ids = await uow.jobs.next_killmails(job, PART_SIZE)
    if not killmail_ids:
        await uow.jobs.complete(job, now)
        return RegroupOutcome(NO_DIFF)
    killmails = await uow.killmails.load(killmail_ids)
    lock_keys |= lock_keys_for(killmails.values(), nearby=False)
    if not job.dry_run:
        await uow.lock(lock_keys)
    config = await uow.clustering_config()
    killmails = await uow.killmails.load(killmail_ids)  # their values may have changed before the lock
    request = RegroupRequest(
        cause=RevisionCause(CauseKind.RECLUSTER, job.id),
        killmails=killmails,
        stored_components=await uow.killmails.stored_components(killmails.keys()),
        rules=_rules(job, config),
        edits=await uow.edits.active(config.edits_version),
        dry_run=job.dry_run,
    )
    outcome = await regroup(request, uow, now)
    last = killmails[killmail_ids[-1]]
    await uow.jobs.advance(job, Progress(last.time, last.killmail_id, len(killmail_ids)), outcome.diff)
    await uow.enqueue([recluster_request(job.id, job.part + 1, now)])
    return RegroupOutcome(NO_DIFF) if job.dry_run else outcome


def _rules(job: Job, config: ClusteringConfig) -> DetectionRules:
    """Each setting of the job, or that of the clustering configuration where the job has none."""
    return DetectionRules.from_configuration(
        job.window_minutes or config.window_minutes,
        job.gap_max_minutes or config.gap_max_minutes,
        job.min_kills or config.min_kills,
    )
