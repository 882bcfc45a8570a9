"""Republishes current battles, part by part: each part is one event, one transaction and one batch of battles.

For consumers that were empty or missed events. Parts read without locks and alternate with live killmails; a battle
that changes meanwhile is published with its next revision, as always.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Final

from battle_cluster.messaging.batching_publisher import store_batch
from battle_cluster.messaging.republished_battles import current_state_event, republish_request
from battle_cluster.persistence.unit_of_work import Database
from battlescope_events.errors import PermanentError

MAX_BATTLES: Final = 500
MAX_KILLMAILS: Final = 20_000
"""Limits of a part, so that it takes a fraction of a second and its batch a few megabytes."""


async def republish(
    job_id: str, part: int, database: Database, put: Callable[[str, bytes], Awaitable[None]], now: datetime
) -> None:
    """Process one part of a job; a part that was done before, or of an ended or cancelled job, publishes nothing.

    The object of the batch is stored by `put` before the transaction ends, so that no claim check names a missing one.

    Raises:
        PermanentError: there is no such job.
    """
    async with database.unit_of_work() as uow:
        job = await uow.republish_jobs.start(job_id, now)
        if job is None:
            raise PermanentError(f"There is no job {job_id}.")
        if not job.is_next_part(part):
            return
        battles = await uow.republish_jobs.next_battles(job, max_battles=MAX_BATTLES, max_killmails=MAX_KILLMAILS)
        if not battles:
            await uow.republish_jobs.complete(job, now)
            return
        batch = await store_batch([current_state_event(battle, job.id, now) for battle in battles], put, now)
        await uow.republish_jobs.advance(job, battles[-1], len(battles))
        await uow.enqueue([batch, republish_request(job.id, part + 1, now)])
