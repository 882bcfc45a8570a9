"""Opens a day at the source that its job names."""

from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass

from battlescope_events.object_storage.errors import ObjectMissing
from battlescope_events.object_storage.objects import ObjectStorage
from battlescope_schemas.backfill import BackfillManifest, DaySource
from ingest_backfill.domain.manifest import MAX_MANIFEST_BYTES
from ingest_backfill.errors import UnreadableSource
from ingest_backfill.persistence.days import Day
from ingest_backfill.sources.base import DayContents
from ingest_backfill.sources.bucket_objects import BucketObjectsSource
from ingest_backfill.sources.esi import EsiSource
from ingest_backfill.sources.everef import EverefSource
from ingest_backfill.sources.zkillboard_history import ZkillboardHistorySource


@dataclass(frozen=True, slots=True)
class DaySources:
    everef: EverefSource
    zkillboard_history: ZkillboardHistorySource
    bucket_objects: BucketObjectsSource
    esi: EsiSource
    storage: ObjectStorage

    async def open(self, day: Day) -> AbstractAsyncContextManager[DayContents]:
        """The day's contents; objects, ids and hashes come from the planned copy of the manifest.

        Raises:
            UnreadableSource: the planned manifest no longer exists.
        """
        if day.source == DaySource.EVEREF:
            return self.everef.open(day)
        if day.source == DaySource.R2Z2:
            return self.zkillboard_history.open(day)
        try:
            body = await self.storage.get(f"manifests-planned/{day.job_id}.json", max_bytes=MAX_MANIFEST_BYTES)
        except ObjectMissing as error:
            raise UnreadableSource("The planned copy of the manifest no longer exists.") from error
        manifest = BackfillManifest.model_validate_json(body)
        if day.source == DaySource.OBJECTS:
            return self.bucket_objects.open(day, manifest)
        return self.esi.open(day, manifest)
