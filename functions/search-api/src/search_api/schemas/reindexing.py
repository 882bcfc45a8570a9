"""Request and response models of the jobs that rebuild the index, and of its size."""

from enum import StrEnum
from functools import partial
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator

from battlescope_events.http_api.request_types import AuthoredBody
from battlescope_schemas.base import Schema, UtcTime
from search_api.domain.engine_name import EngineName
from search_api.domain.search_figures import Operation

Milliseconds = Annotated[float, AfterValidator(partial(round, ndigits=1))]
"""Rounded to tenths."""


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


class OutcomeCounts(Schema):
    """kept: the answer of an earlier search was sent again. failed: answered with 503."""

    found: int
    empty: int
    kept: int
    failed: int


class SearchFigureItem(Schema):
    """How searches of a kind ended, by the engine that answered. p50 to p99: milliseconds of the latest 1,000 of them.

    Those of names that PostgreSQL answers where Typesense is the engine are degraded.
    """

    operation: Operation
    engine: EngineName
    counts: OutcomeCounts
    p50_ms: Milliseconds | None
    p95_ms: Milliseconds | None
    p99_ms: Milliseconds | None


class SearchStats(Schema):
    """waiting: changes that are not indexed yet. lagSeconds: for how long the oldest of them has waited.

    searches: of the instance that answers, since its start.
    """

    engine: EngineName
    documents: DocumentCounts
    waiting: int
    lag_seconds: int
    searches: list[SearchFigureItem]
