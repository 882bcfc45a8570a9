"""History on demand: the manifest an operator uploads, and what is said while its days are worked."""

from datetime import date
from enum import StrEnum
from typing import Annotated, Final, Self
from uuid import UUID, uuid5

from pydantic import Field, model_validator

from battlescope_schemas.base import EveId, Schema

Hash = Annotated[str, Field(pattern=r"^[0-9a-f]{40}$")]
Who = Annotated[str, Field(min_length=1, max_length=128)]
MOST_DAYS = 3_700
"""Ten years: more than the retention of any installation."""


_JOBS: Final = UUID("0d6c0f0e-3f4e-5b8e-9d5a-7c1b7f0a2e64")  # ours alone, so that no other id equals a job's


def job_id(key: str, etag: str) -> str:
    """The job that this content under this key is: whoever wrote the manifest knows it before anybody read it.

    Quotes around an etag, as HTTP writes them, say nothing.
    """
    bare = etag.strip('"')
    return str(uuid5(_JOBS, f"{key}\n{bare}"))


class DaySource(StrEnum):
    """Where the mails of a day come from.

    `r2z2`: its history list and raw mails; `everef`: the daily archive; `embedded`: the manifest's own id and hash
    maps; `objects`: NDJSON objects that the manifest points to.
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
    """Both days belong to it."""

    from_: Annotated[date, Field(alias="from")]
    to: date

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.to < self.from_:
            raise ValueError(f"The range ends on {self.to}, before it begins on {self.from_}.")
        return self


class BackfillManifest(Schema):
    """What history is wanted, why and by whom. UTC days, as a list or as a range.

    killmails: by day, id to hash, for `embedded`. objects: by day, keys of NDJSON objects (gzip or plain) of the same
    bucket with one ESI body a line, for `objects`.
    """

    version: Annotated[int, Field(ge=1, le=1)]
    dates: Annotated[tuple[date, ...], Field(min_length=1, max_length=MOST_DAYS)] | DateRange
    source: DaySource = DaySource.EVEREF
    ruleset_id: str | None = None
    priority: Priority = Priority.NORMAL
    reason: Who = "manual"
    requested_by: Who
    killmails: dict[date, dict[EveId, Hash]] | None = None
    objects: dict[date, tuple[str, ...]] | None = None


class ManifestUploaded(Schema):
    """A manifest lies in object storage. `etag` tells one content from another under the same key."""

    bucket: str
    key: str
    size: Annotated[int, Field(ge=0)]
    etag: str


class DayRequested(Schema):
    """One day of a job is to be worked; `attempt` counts retries of the whole job, so that a retry is another event."""

    job_id: str
    date: date
    priority: Priority = Priority.NORMAL
    attempt: Annotated[int, Field(ge=0)] = 0


class DayCompleted(Schema):
    """A day was worked to its end: every mail of it is filed, told, or counted as failed."""

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
    """A day's mails are to be compared with the list of the source, whether or not that was done before."""

    date: date


class RetentionDue(Schema):
    """Everything older than the cutoff is to go, in every context, each by itself."""

    cutoff_date: date
