"""Groups a range of mails anew, part by part: each part is one event and one transaction, and asks for the next."""

from datetime import datetime
from typing import Final

from battle_cluster.detection.rules import Rules
from battle_cluster.domain.battle import Cause, CauseKind, Configuration
from battle_cluster.handlers.regroup import NOTHING, Found, Work, find, keep, locked_enough
from battle_cluster.messaging.events import next_part
from battle_cluster.persistence.lock_keys import BULK, at_stake, looked_at
from battle_cluster.persistence.recluster_jobs import Job, Progress
from battle_cluster.persistence.unit_of_work import Store, Transaction
from battlescope_events.errors import Permanent

PART: Final = 1000
"""Mails a part: about two seconds of work, well inside the time an event may take."""


async def recluster(job_id: str, part: int, store: Store, now: datetime) -> None:
    """Do one part; nothing where the job is past it, ended or cancelled.

    Raises:
        Permanent: there is no such job.
    """

    async def once(places: frozenset[int]) -> Found:
        async with store.transaction() as tx:
            job = await tx.jobs.begun(job_id, now)
            if job is None:
                raise Permanent(f"There is no job {job_id}.")
            return await _part(job, places, tx, now) if job.goes_on_with(part) else NOTHING

    found = await locked_enough(frozenset({BULK}), once)
    store.memory.remember((), found.difference.changes)


async def _part(job: Job, places: frozenset[int], tx: Transaction, now: datetime) -> Found:
    doubted = await tx.jobs.next_mails(job, PART)
    if not doubted:
        await tx.jobs.completed(job, now)
        return NOTHING
    mails = await tx.mails(doubted)
    places |= at_stake((kept.mail for kept in mails.values()), nearby=False)
    terms = await tx.terms() if job.dry_run else await tx.lock(places, looked_at(places))
    work = Work(
        cause=Cause(CauseKind.RECLUSTER, job.id),
        arrived=mails,
        stored_in=await tx.filed(mails.keys()),
        rules=_rules(job, terms),
        edits=await tx.edits(terms.edits_version),
        places=None if job.dry_run else places,
    )
    found = await find(work, tx)
    if not job.dry_run:
        await keep(found, work, tx, now)
    last = mails[doubted[-1]].mail
    await tx.jobs.advanced(job, Progress(last.time, last.killmail_id, len(doubted)), found.difference)
    await tx.say([next_part(job.id, job.part + 1, now)])
    return NOTHING if job.dry_run else found


def _rules(job: Job, terms: Configuration) -> Rules:
    """The job's own terms where it has some, otherwise those in force."""
    return Rules.from_configuration(
        job.window_minutes or terms.window_minutes,
        job.gap_max_minutes or terms.gap_max_minutes,
        job.min_kills or terms.min_kills,
    )
