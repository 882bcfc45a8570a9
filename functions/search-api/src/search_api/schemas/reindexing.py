"""Request and response models of the jobs that make all documents anew, and of the index."""

from enum import StrEnum
from uuid import UUID

from battlescope_events.http_api.request_types import AuthoredBody
from battlescope_schemas.base import Schema, UtcTime
from search_api.domain.engine_name import EngineName


class ReindexStatus(StrEnum):
    PENDING = "pending"
    RUNNING = "running"
    COMPLETED = "completed"
    CANCELLED = "cancelled"


class ReindexRequest(AuthoredBody):
    """Who asks for it."""


class ReindexJobItem(Schema):
    """documentsTotal: 0 until the job has begun."""

    id: UUID
    status: ReindexStatus
    documents_total: int
    documents_processed: int
    percentage: float
    requested_by: str
    created_at: UtcTime
    started_at: UtcTime | None
    completed_at: UtcTime | None
    cancelled_by: str | None


class ReindexJobs(Schema):
    items: list[ReindexJobItem]
    total: int
    limit: int
    offset: int


class DocumentCounts(Schema):
    battles: int
    killmails: int
    characters: int
    corporations: int
    alliances: int
    systems: int
    ship_types: int


class SearchStats(Schema):
    """waiting: changes that are not indexed yet. lagSeconds: for how long the oldest of them has waited."""

    engine: EngineName
    documents: DocumentCounts
    waiting: int
    lag_seconds: int
