"""Removes transient objects after days: chunks (claim checks), planned copies of manifests, and uploads of operators.

Their keys contain the job and not the age, so a cleanup lists all of them, page by page, and each run continues where
the last one ended.
"""

import re
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from typing import Final

from battlescope_events.object_storage.bucket import BucketClient, StoredObject
from ingest_verify.persistence.unit_of_work import Database

CHUNKS: Final = "chunks/"
PLANNED: Final = "manifests-planned/"
UPLOADS: Final = "backfill-objects/"
# In the order of their keys, so that one key marks the progress over all.
PREFIXES: Final = (UPLOADS, CHUNKS, PLANNED)
_UPLOADED_KEY: Final = re.compile(rf"{UPLOADS}(\d{{4}}-\d\d-\d\d)/.+")
_PLANNED_KEY: Final = re.compile(rf"{PLANNED}([0-9a-f]{{8}}(?:-[0-9a-f]{{4}}){{3}}-[0-9a-f]{{12}})\.json")


class TransientObjectCleaner:
    def __init__(self, database: Database, bucket: BucketClient, clock: Callable[[], datetime], *, days: int) -> None:
        self._database, self._bucket, self._clock = database, bucket, clock
        self._retention = timedelta(days=days)

    async def clean(self, cutoff_date: date, until: datetime) -> bool:
        """Continue the cleanup of this cutoff; returns whether it has listed all objects."""
        async with self._database.unit_of_work() as uow:
            last_key = await uow.transient_objects.last_key(cutoff_date)
        for prefix in PREFIXES:
            while last_key < _end_of(prefix):
                now = self._clock()
                if now >= until:
                    return False
                page = await self._bucket.list_page(prefix, after=max(last_key, prefix))
                outdated = [stored for stored in page.objects if stored.modified < now - self._retention]
                last_key = page.objects[-1].key if page.has_more else _end_of(prefix)
                await self._delete(await self._unused_keys(prefix, outdated, cutoff_date), cutoff_date, last_key)
        return True

    async def _unused_keys(self, prefix: str, outdated: Sequence[StoredObject], cutoff_date: date) -> list[str]:
        """All chunks, planned copies whose job has ended and cannot be retried, and uploads that no job needs."""
        keys = [stored.key for stored in outdated]
        if prefix == CHUNKS:
            return keys
        if prefix == UPLOADS:
            return await self._unused_uploads(keys, cutoff_date)
        keys_by_job = {match[1]: key for key in keys if (match := _PLANNED_KEY.fullmatch(key))}
        async with self._database.unit_of_work() as uow:
            ended_before = self._clock() - self._retention
            ended_jobs = await uow.transient_objects.ended_jobs(keys_by_job.keys(), ended_before, cutoff_date)
        return [keys_by_job[job] for job in ended_jobs]

    async def _unused_uploads(self, keys: Sequence[str], cutoff_date: date) -> list[str]:
        """An upload is named by a manifest, and its key by the day: it stays while a job of the day needs it."""
        day_of = {key: match[1] for key in keys if (match := _UPLOADED_KEY.fullmatch(key))}
        if not day_of:
            return []
        async with self._database.unit_of_work() as uow:
            ended_before = self._clock() - self._retention
            used_days = await uow.transient_objects.days_in_use(set(day_of.values()), ended_before, cutoff_date)
        return [key for key, day in day_of.items() if day not in used_days]

    async def _delete(self, keys: Sequence[str], cutoff_date: date, last_key: str) -> None:
        """Objects first: after a crash in between, the next run repeats the page and only counts too few."""
        if keys:
            await self._bucket.delete(keys)
        async with self._database.unit_of_work() as uow:
            await uow.transient_objects.save_progress(cutoff_date, last_key, len(keys))


def _end_of(prefix: str) -> str:
    """The first text that sorts after all keys below the prefix: `0` follows `/`."""
    return f"{prefix.removesuffix('/')}0"
