"""Groups a range of mails anew, part by part: each part is one event and one transaction, and asks for the next."""

from datetime import datetime
from typing import Final

from battle_cluster.detection.rules import DetectionRules
from battle_cluster.domain.battle import CauseKind, ClusteringConfig, RevisionCause
from battle_cluster.handlers.regroup import (
    NOTHING,
    RegroupOutcome,
    RegroupRequest,
    compute_changes,
    retry_with_more_locks,
    save_changes,
)
from battle_cluster.messaging.events import next_part
from battle_cluster.persistence.lock_keys import BATCH_LOCK_KEY, lock_keys_for, shared_lock_keys
from battle_cluster.persistence.recluster_jobs import Job, Progress
from battle_cluster.persistence.unit_of_work import Database, UnitOfWork
from battlescope_events.errors import PermanentError

PART: Final = 1000
"""Mails a part: about two seconds of work, well inside the time an event may take."""


async def recluster(job_id: str, part: int, store: Database, now: datetime) -> None:
    """Do one part; nothing where the job is past it, ended or cancelled.

    Raises:
        PermanentError: there is no such job.
    """

    async def once(places: frozenset[int]) -> RegroupOutcome:
        async with store.transaction() as tx:
            job = await tx.jobs.start(job_id, now)
            if job is None:
                raise PermanentError(f"There is no job {job_id}.")
            return await _part(job, places, tx, now) if job.is_next_part(part) else NOTHING

    found = await retry_with_more_locks(frozenset({BATCH_LOCK_KEY}), once)
    store.memory.remember((), found.difference.changes)


async def _part(job: Job, places: frozenset[int], tx: UnitOfWork, now: datetime) -> RegroupOutcome:
    killmail_ids = await tx.jobs.next_mails(job, PART)
    if not killmail_ids:
        await tx.jobs.completed(job, now)
        return NOTHING
    mails = await tx.mails(killmail_ids)
    places |= lock_keys_for((kept.mail for kept in mails.values()), nearby=False)
    terms = await tx.clustering_config() if job.dry_run else await tx.lock(places, shared_lock_keys(places))
    work = RegroupRequest(
        cause=RevisionCause(CauseKind.RECLUSTER, job.id),
        arrived=mails,
        stored_in=await tx.stored_components(mails.keys()),
        rules=_rules(job, terms),
        edits=await tx.edits(terms.edits_version),
        places=None if job.dry_run else places,
    )
    found = await compute_changes(work, tx)
    if not job.dry_run:
        await save_changes(found, work, tx, now)
    last = mails[killmail_ids[-1]].mail
    await tx.jobs.advanced(job, Progress(last.time, last.killmail_id, len(killmail_ids)), found.difference)
    await tx.enqueue([next_part(job.id, job.part + 1, now)])
    return NOTHING if job.dry_run else found


def _rules(job: Job, terms: ClusteringConfig) -> DetectionRules:
    """The job's own terms where it has some, otherwise those in force."""
    return DetectionRules.from_configuration(
        job.window_minutes or terms.window_minutes,
        job.gap_max_minutes or terms.gap_max_minutes,
        job.min_kills or terms.min_kills,
    )
