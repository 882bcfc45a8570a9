"""Builds the answers of the administration of the index."""

from collections.abc import Iterable
from datetime import datetime

from search_api.domain.engine_name import EngineName
from search_api.domain.reindex_job import IndexSize, ReindexJob
from search_api.domain.search_figures import OperationFigures
from search_api.schemas.reindexing import (
    DocumentCounts,
    OutcomeCounts,
    ReindexJobItem,
    ReindexStatus,
    SearchFigureItem,
    SearchStats,
)


def reindex_job_item(job: ReindexJob) -> ReindexJobItem:
    status = ReindexStatus(job.status)
    done = status is ReindexStatus.COMPLETED
    share = 1.0 if done else min(1.0, job.documents_processed / job.documents_total) if job.documents_total else 0.0
    return ReindexJobItem(
        id=job.id,
        status=status,
        documents_total=job.documents_total,
        documents_processed=job.documents_processed,
        percentage=round(100 * share, 1),
        requested_by=job.requested_by,
        created_at=job.created_at,
        started_at=job.started_at,
        completed_at=job.completed_at,
        cancelled_by=job.cancelled_by,
    )


def search_stats(
    engine: EngineName, size: IndexSize, figures: Iterable[OperationFigures], now: datetime
) -> SearchStats:
    oldest = size.oldest_waiting_at
    return SearchStats(
        engine=engine,
        documents=DocumentCounts(
            battles=size.battles,
            killmails=size.killmails,
            characters=size.characters,
            corporations=size.corporations,
            alliances=size.alliances,
            systems=size.systems,
            ship_types=size.ship_types,
        ),
        waiting=size.waiting,
        lag_seconds=0 if oldest is None else max(0, round((now - oldest).total_seconds())),
        searches=[_figure_item(row) for row in figures],
    )


def _figure_item(row: OperationFigures) -> SearchFigureItem:
    return SearchFigureItem(
        operation=row.operation,
        engine=row.engine,
        counts=OutcomeCounts(**{str(outcome): count for outcome, count in row.counts.items()}),
        p50_ms=row.p50,
        p95_ms=row.p95,
        p99_ms=row.p99,
    )
