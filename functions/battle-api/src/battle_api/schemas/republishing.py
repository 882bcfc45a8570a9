"""Request and response models of the jobs that republish current battles."""

from typing import Literal, cast
from uuid import UUID

from pydantic import model_validator

from battle_api.domain.rows import RepublishJob
from battle_api.schemas.admin import percentage
from battlescope_events.http_api.request_types import AuthoredBody, RequestTime
from battlescope_schemas.base import Schema, UtcTime

RepublishStatus = Literal["pending", "running", "completed", "cancelled"]


class RepublishRequest(AuthoredBody):
    """Republish the battles that start in a range, end exclusive; an omitted time leaves it open."""

    start_time: RequestTime | None = None
    end_time: RequestTime | None = None

    @model_validator(mode="after")
    def _check_range(self) -> "RepublishRequest":
        if self.start_time and self.end_time and self.start_time >= self.end_time:
            raise ValueError("startTime must be before endTime")
        return self


class RepublishProgress(Schema):
    """Battles republished, of those in the range when the job began, deleted ones included."""

    processed: int
    total: int
    percentage: float


class RepublishJobItem(Schema):
    job_id: UUID
    status: RepublishStatus
    start_time: UtcTime | None
    end_time: UtcTime | None
    progress: RepublishProgress
    requested_by: str
    created_at: UtcTime
    started_at: UtcTime | None
    completed_at: UtcTime | None
    cancelled_by: str | None


class RepublishJobs(Schema):
    items: list[RepublishJobItem]
    total: int
    limit: int
    offset: int


def republish_job_item(job: RepublishJob) -> RepublishJobItem:
    return RepublishJobItem(
        job_id=job.id,
        status=cast("RepublishStatus", job.status),
        start_time=job.start_time,
        end_time=job.end_time,
        progress=RepublishProgress(
            processed=job.battles_processed,
            total=job.battles_total,
            percentage=percentage(job.status, job.battles_processed, job.battles_total),
        ),
        requested_by=job.requested_by,
        created_at=job.created_at,
        started_at=job.started_at,
        completed_at=job.completed_at,
        cancelled_by=job.cancelled_by,
    )
