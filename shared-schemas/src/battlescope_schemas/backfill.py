"""Backfill: the manifest that an operator uploads, and the events while its days are processed."""

from datetime import date
from enum import StrEnum
from typing import Annotated, Final, Self
from uuid import UUID, uuid5

from pydantic import Field, model_validator

from battlescope_schemas.base import EveId, Schema

Hash = Annotated[str, Field(pattern=r"^[0-9a-f]{40}$")]
Requester = Annotated[str, Field(min_length=1, max_length=128)]
MAX_DAYS = 3_700
"""Ten years: longer than the retention of any installation."""
_JOBS: Final = UUID(
    "0d6c0f0e-3f4e-5b8e-9d5a-7c1b7f0a2e64"
)  # of backfill jobs alone, so that their ids never collide with others


def job_id(key: str, etag: str) -> str:
    """The job id of a manifest, derived from its object key and etag, so that its author knows it after the upload.

    Quotes around the etag, as in HTTP headers, are ignored.
    """
    bare = etag.strip('"')
    return str(uuid5(_JOBS, f"{key}\n{bare}"))


class DaySource(StrEnum):
    """Source of the killmails of a day.

    `r2z2`: history list and raw killmails of R2Z2; `everef`: daily archive of EVE Ref; `embedded`: ids and hashes in
    the manifest itself; `objects`: objects of JSON lines that the manifest names.
    """

    EVEREF = "everef"
    R2Z2 = "r2z2"
    EMBEDDED = "embedded"
    OBJECTS = "objects"


class Priority(StrEnum):
    LOW = "low"
    NORMAL = "normal"
    HIGH = "high"


class DateRange(Schema):
    """A range of UTC days; both ends are included."""

    from_: Annotated[date, Field(alias="from")]
    to: date

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.to < self.from_:
            raise ValueError(f"The range ends on {self.to}, before it begins on {self.from_}.")
        return self


class BackfillManifest(Schema):
    """A request to load past killmails: UTC days as a list or a range, the source, the reason and the requester.

    killmails: for `embedded`, per day a map from killmail id to hash. objects: for `objects`, per day the keys of
    objects in the same bucket, JSON lines (gzip or plain) with one ESI body per line.
    """

    version: Annotated[int, Field(ge=1, le=1)]
    dates: Annotated[tuple[date, ...], Field(min_length=1, max_length=MAX_DAYS)] | DateRange
    source: DaySource = DaySource.EVEREF
    ruleset_id: str | None = None
    priority: Priority = Priority.NORMAL
    reason: Requester = "manual"
    requested_by: Requester
    killmails: dict[date, dict[EveId, Hash]] | None = None
    objects: dict[date, tuple[str, ...]] | None = None


class ManifestUploaded(Schema):
    """A manifest was uploaded to object storage. `etag` identifies its content under the key."""

    bucket: str
    key: str
    size: Annotated[int, Field(ge=0)]
    etag: str


class DayRequested(Schema):
    """Request to process one day of a job. `attempt` counts retries of the job, so that a retry is a new event."""

    job_id: str
    date: date
    priority: Priority = Priority.NORMAL
    attempt: Annotated[int, Field(ge=0)] = 0


class DayCompleted(Schema):
    """A day was processed: each of its killmails was accepted, rejected, already known, or counted as failed."""

    job_id: str
    date: date
    reason: str
    attempt: Annotated[int, Field(ge=0)] = 0
    total: int
    accepted: int
    rejected: int
    known: int = 0
    failed: int


class VerificationRequested(Schema):
    """Request to compare the killmails of a day with the list of the source, also when that was done before."""

    date: date


class RetentionDue(Schema):
    """Request to every context to delete its data older than the cutoff date."""

    cutoff_date: date
