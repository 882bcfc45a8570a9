"""What only carried something from one function to the next goes after days: chunks, and planned copies of manifests.

They are named by job and not by age, so all of them are looked at, a page at a time, from where the last tick ended.
"""

import re
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from typing import Final

from ingest_verify.clients.object_storage import ObjectStorage, StoredObject
from ingest_verify.persistence import transient_objects as sql
from ingest_verify.persistence.transaction import Store

CHUNKS: Final = "chunks/"
PLANNED: Final = "manifests-planned/"
PREFIXES: Final = (CHUNKS, PLANNED)  # in the order of their keys, so that one key tells how far all was looked at
_JOB: Final = re.compile(rf"{PLANNED}([0-9a-f]{{8}}(?:-[0-9a-f]{{4}}){{3}}-[0-9a-f]{{12}})\.json")


class TransientObjectCleaner:
    def __init__(self, store: Store, storage: ObjectStorage, clock: Callable[[], datetime], *, days: int) -> None:
        self._store, self._storage, self._clock = store, storage, clock
        self._keep = timedelta(days=days)

    async def clean(self, cutoff: date, until: datetime) -> bool:
        """Whether the cleanup of this cutoff has looked at everything."""
        async with self._store.transaction() as session:
            ((after,),) = await session.fetch_rows(sql.LOOKED_AT, {"cutoff": cutoff})
        for prefix in PREFIXES:
            while after < _end(prefix):
                now = self._clock()
                if now >= until:
                    return False
                page = await self._storage.list_page(prefix, max(after, prefix))
                old = [one for one in page.objects if one.modified < now - self._keep]
                after = page.objects[-1].key if page.more else _end(prefix)
                await self._remove(await self._useless(prefix, old, cutoff), cutoff, after)
        return True

    async def _useless(self, prefix: str, old: Sequence[StoredObject], cutoff: date) -> list[str]:
        """A planned copy is worked from as long as its job may be, also when it is tried again after it failed."""
        keys = [one.key for one in old]
        if prefix == CHUNKS:
            return keys
        jobs = {found[1]: key for key in keys if (found := _JOB.fullmatch(key))}
        given = {"jobs": list(jobs), "before": self._clock() - self._keep, "cutoff": cutoff}
        async with self._store.transaction() as session:
            return [jobs[job] for (job,) in await session.fetch_rows(sql.ENDED_JOBS, given)]

    async def _remove(self, keys: Sequence[str], cutoff: date, after: str) -> None:
        """Objects first: a death between removes nothing twice, and only counts too little."""
        if keys:
            await self._storage.delete(keys)
        await self._store.execute(sql.COUNT, {"cutoff": cutoff, "deleted": len(keys), "after": after})


def _end(prefix: str) -> str:
    """The first text that sorts after all keys below the prefix: `0` follows `/`."""
    return f"{prefix.removesuffix('/')}0"
