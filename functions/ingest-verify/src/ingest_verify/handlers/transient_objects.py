"""Removes transient objects after days: chunks (claim checks) and planned copies of manifests.

Their keys contain the job and not the age, so a cleanup lists all of them, page by page, and each run continues where
the last one ended.
"""

import re
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from typing import Final

from battlescope_events.object_storage.bucket import BucketClient, StoredObject
from ingest_verify.persistence import transient_objects as sql
from ingest_verify.persistence.transaction import Store

CHUNKS: Final = "chunks/"
PLANNED: Final = "manifests-planned/"
PREFIXES: Final = (CHUNKS, PLANNED)  # in the order of their keys, so that one key marks the progress over both
_PLANNED_KEY: Final = re.compile(rf"{PLANNED}([0-9a-f]{{8}}(?:-[0-9a-f]{{4}}){{3}}-[0-9a-f]{{12}})\.json")


class TransientObjectCleaner:
    def __init__(self, store: Store, bucket: BucketClient, clock: Callable[[], datetime], *, days: int) -> None:
        self._store, self._bucket, self._clock = store, bucket, clock
        self._retention = timedelta(days=days)

    async def clean(self, cutoff_date: date, until: datetime) -> bool:
        """Continue the cleanup of this cutoff; returns whether it has listed all objects."""
        async with self._store.transaction() as transaction:
            ((last_key,),) = await transaction.fetch_rows(sql.LAST_KEY, {"cutoff": cutoff_date})
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
        """All chunks, and the planned copies whose job has ended and cannot be retried."""
        keys = [stored.key for stored in outdated]
        if prefix == CHUNKS:
            return keys
        keys_by_job = {match[1]: key for key in keys if (match := _PLANNED_KEY.fullmatch(key))}
        params = {"jobs": list(keys_by_job), "before": self._clock() - self._retention, "cutoff": cutoff_date}
        async with self._store.transaction() as transaction:
            return [keys_by_job[job] for (job,) in await transaction.fetch_rows(sql.ENDED_JOBS, params)]

    async def _delete(self, keys: Sequence[str], cutoff_date: date, last_key: str) -> None:
        """Objects first: after a crash in between, the next run repeats the page and only counts too few."""
        if keys:
            await self._bucket.delete(keys)
        params = {"cutoff": cutoff_date, "deleted": len(keys), "last_key": last_key}
        await self._store.execute(sql.ADD_COUNTS, params)


def _end_of(prefix: str) -> str:
    """The first text that sorts after all keys below the prefix: `0` follows `/`."""
    return f"{prefix.removesuffix('/')}0"
