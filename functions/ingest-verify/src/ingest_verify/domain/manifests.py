"""Builds the manifests that request backfills of missing killmails and days."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Final

from battlescope_schemas.backfill import BackfillManifest, DaySource, Priority

MAX_EMBEDDED: Final = 50_000  # ids and hashes; a manifest with them stays below ingest-backfill's maximum size
REQUESTED_BY: Final = "ingest-verify"


def missing_killmails_manifest(day: date, missing: Mapping[int, str]) -> tuple[str, bytes]:
    """Key and body. The same missing killmails give the same object, and so the same job."""
    is_embedded = len(missing) <= MAX_EMBEDDED
    manifest = BackfillManifest(
        version=1,
        dates=(day,),
        source=DaySource.EMBEDDED if is_embedded else DaySource.R2Z2,
        priority=Priority.HIGH,
        reason="daily_verification",
        requested_by=REQUESTED_BY,
        killmails={day: dict(sorted(missing.items()))} if is_embedded else None,
    )
    return f"manifests/verify-{day}.json", _serialize(manifest)


def gap_days_manifest(days: Sequence[date], today: date) -> tuple[str, bytes]:
    """Key and body, for days without any killmail and days of feed gaps."""
    manifest = BackfillManifest(
        version=1, dates=tuple(days), priority=Priority.HIGH, reason="gap_detected", requested_by=REQUESTED_BY
    )
    return f"manifests/gaps-{today}.json", _serialize(manifest)


def _serialize(manifest: BackfillManifest) -> bytes:
    return manifest.model_dump_json(by_alias=True, exclude_none=True).encode()
