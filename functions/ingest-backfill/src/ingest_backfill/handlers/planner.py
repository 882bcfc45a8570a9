"""From an uploaded manifest to a job and its days, or to a failed job with the reasons beside a copy."""

import json
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from hashlib import md5
from typing import Final

from battlescope_schemas.backfill import ManifestUploaded, job_id
from ingest_backfill.domain.manifest import MAX_MANIFEST_BYTES, Limits, Plan, Rejection, plan_manifest, too_large_rejection
from ingest_backfill.persistence.object_storage import ObjectStorage
from ingest_backfill.persistence.jobs import Store, add_job

PREFIX: Final = "manifests/"
REJECTED: Final = "manifests-rejected/"
PLANNED: Final = "manifests-planned/{job}.json"
_MD5_LENGTH: Final = 32

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Planner:
    """One code path for every manifest, whoever wrote it and whatever told of it."""

    store: Store
    archive: ObjectStorage
    bucket: str
    limits: Limits
    now: Callable[[], datetime]

    async def plan(self, uploaded: ManifestUploaded) -> None:
        """Make it a job. Content that has one already, and what is no manifest of ours, changes nothing."""
        key, etag = uploaded.key, uploaded.etag.strip('"')
        if uploaded.bucket != self.bucket or not key.startswith(PREFIX) or key.endswith("/"):
            _log.warning("%s/%s is no place of manifests.", uploaded.bucket, key)
            return
        if (key, etag) in await self.store.unplanned_manifests([(key, etag)]):
            await self._plan(key, etag, uploaded.size)

    async def plan_unplanned(self) -> None:
        """Notifications may be lost; what lies there is not."""
        async for page in self.archive.list_pages(PREFIX):
            there = {(one.key, one.etag): one.size for one in page if not one.key.endswith("/")}
            for key, etag in sorted(await self.store.unplanned_manifests(list(there))):
                await self._plan(key, etag, there[key, etag])

    async def _plan(self, key: str, etag: str, size: int) -> None:
        if size > MAX_MANIFEST_BYTES:
            await self._reject(key, etag, too_large_rejection(size))
            return
        body = await self.archive.get(key)
        if body is None or _is_another(body, etag):
            _log.info("%s is not what it was when it was told of; what it is now is told of by itself.", key)
            return
        found = plan_manifest(body, self.now().date(), self.limits)
        if isinstance(found, Plan) and await self.store.ruleset(found.manifest.ruleset_id) is None:
            named = found.manifest.ruleset_id
            missing = f"rulesetId: there is no ruleset {named}." if named else "rulesetId: no ruleset is active."
            found = Rejection((missing,), found.manifest.requested_by)
        if isinstance(found, Rejection):
            await self._reject(key, etag, found)
        else:
            await self._accept(key, etag, body, found)

    async def _accept(self, key: str, etag: str, body: bytes, found: Plan) -> None:
        """A copy is kept: what was planned stays what it was, also when the operator's file goes or changes."""
        job = job_id(key, etag)
        await self.archive.put(PLANNED.format(job=job), body)
        async with self.store.transaction() as connection:
            new = await add_job(connection, job, key, etag, found.manifest, days=found.days)
        if new and (others := await self.store.overlapping_jobs(job, found.days)):
            _log.warning("Days of job %s are also days of the open jobs %s.", job, ", ".join(others))

    async def _reject(self, key: str, etag: str, rejection: Rejection) -> None:
        """The copy comes first: a job that failed has its reasons where an operator looks for them."""
        copy = REJECTED + key.removeprefix(PREFIX)
        await self.archive.copy(key, copy)
        told = {"manifestKey": key, "etag": etag, "jobId": job_id(key, etag), "reasons": list(rejection.reasons)}
        await self.archive.put(f"{copy}.reasons.json", json.dumps(told, indent=2).encode())
        await self.store.add_failed_job(
            job_id(key, etag), key, etag, requested_by=rejection.requested_by, error=rejection.text[:4000]
        )


def _is_another(body: bytes, etag: str) -> bool:
    """An etag is the MD5 of the content, but for uploads in parts, whose etag has a dash."""
    plain = len(etag) == _MD5_LENGTH and "-" not in etag
    return plain and md5(body, usedforsecurity=False).hexdigest() != etag
