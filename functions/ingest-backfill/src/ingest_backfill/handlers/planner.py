"""Turns an uploaded manifest into a job with its days, or into a failed job with the errors beside a copy."""

import json
import logging
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from hashlib import md5
from typing import Final

from battlescope_events.object_storage.bucket import BucketClient
from battlescope_events.object_storage.errors import ObjectMissing, ObjectTooLarge
from battlescope_events.object_storage.objects import JSON
from battlescope_schemas.backfill import ManifestUploaded, job_id
from ingest_backfill.domain.manifest import (
    MAX_MANIFEST_BYTES,
    Limits,
    Plan,
    Rejection,
    plan_manifest,
    too_large_rejection,
)
from ingest_backfill.persistence.unit_of_work import Database

PREFIX: Final = "manifests/"
REJECTED: Final = "manifests-rejected/"
PLANNED: Final = "manifests-planned/{job}.json"
_MD5_LENGTH: Final = 32

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Planner:
    """One code path for every manifest, from operators and functions, by notification and by listing."""

    database: Database
    bucket: BucketClient
    bucket_name: str
    limits: Limits
    now: Callable[[], datetime]

    async def plan(self, uploaded: ManifestUploaded) -> None:
        """Create a job; ignores a manifest that has one already, and objects outside of `manifests/`."""
        key, etag = uploaded.key, uploaded.etag.strip('"')
        if uploaded.bucket != self.bucket_name or not key.startswith(PREFIX) or key.endswith("/"):
            _log.warning("%s/%s is not below %s/%s, so it is ignored.", uploaded.bucket, key, self.bucket_name, PREFIX)
            return
        if (key, etag) in await self._unplanned([(key, etag)]):
            await self._plan(key, etag, uploaded.size)

    async def plan_unplanned(self) -> None:
        """Plan the manifests in the bucket that have no job yet, because notifications may be lost."""
        async for page in self.bucket.list_pages(PREFIX):
            sizes = {(stored.key, stored.etag): stored.size for stored in page if not stored.key.endswith("/")}
            for key, etag in sorted(await self._unplanned(sizes.keys())):
                await self._plan(key, etag, sizes[key, etag])

    async def _unplanned(self, manifests: Collection[tuple[str, str]]) -> set[tuple[str, str]]:
        async with self.database.unit_of_work() as uow:
            return await uow.jobs.unplanned_manifests(manifests)

    async def _plan(self, key: str, etag: str, size: int) -> None:
        if size > MAX_MANIFEST_BYTES:
            await self._reject(key, etag, too_large_rejection(size))
            return
        try:
            body = await self.bucket.get(key, max_bytes=MAX_MANIFEST_BYTES)
        except (ObjectMissing, ObjectTooLarge):
            body = None
        if body is None or _has_changed(body, etag):
            _log.info("Manifest %s changed since the notification (etag mismatch); waiting for the new one.", key)
            return
        plan = plan_manifest(body, self.now().date(), self.limits)
        if isinstance(plan, Plan) and not await self._has_ruleset(plan.manifest.ruleset_id):
            ruleset_id = plan.manifest.ruleset_id
            reason = f"ruleset {ruleset_id} does not exist." if ruleset_id else "no ruleset is active."
            plan = Rejection((f"rulesetId: {reason}",), plan.manifest.requested_by)
        if isinstance(plan, Rejection):
            await self._reject(key, etag, plan)
        else:
            await self._accept(key, etag, body, plan)

    async def _has_ruleset(self, ruleset_id: str | None) -> bool:
        async with self.database.unit_of_work() as uow:
            return await uow.rulesets.find(ruleset_id) is not None

    async def _accept(self, key: str, etag: str, body: bytes, plan: Plan) -> None:
        """Keep a copy, because the operator may delete or replace the manifest while its days are processed."""
        job = job_id(key, etag)
        await self.bucket.put(PLANNED.format(job=job), body, JSON)
        async with self.database.unit_of_work() as uow:
            is_new = await uow.jobs.add(job, key, etag, plan.manifest, days=plan.days)
            other_jobs = await uow.jobs.overlapping(job, plan.days)
        if is_new and other_jobs:
            _log.warning("Some days of job %s are also days of the open jobs %s.", job, ", ".join(other_jobs))

    async def _reject(self, key: str, etag: str, rejection: Rejection) -> None:
        """Write the copy and its reasons first, so that they exist when an operator sees the failed job."""
        copy_key = REJECTED + key.removeprefix(PREFIX)
        with suppress(ObjectMissing):
            await self.bucket.copy(key, copy_key)
        report = {"manifestKey": key, "etag": etag, "jobId": job_id(key, etag), "reasons": list(rejection.reasons)}
        await self.bucket.put(f"{copy_key}.reasons.json", json.dumps(report, indent=2).encode(), JSON)
        async with self.database.unit_of_work() as uow:
            await uow.jobs.add_failed(
                job_id(key, etag), key, etag, requested_by=rejection.requested_by, error=rejection.text[:4000]
            )


def _has_changed(body: bytes, etag: str) -> bool:
    """An etag is the MD5 of the content, except for multipart uploads, whose etag contains a dash."""
    is_md5 = len(etag) == _MD5_LENGTH and "-" not in etag
    return is_md5 and md5(body, usedforsecurity=False).hexdigest() != etag
