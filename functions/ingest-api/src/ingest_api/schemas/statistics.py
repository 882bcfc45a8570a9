"""Rows and response models of ingestion statistics."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Final, Literal

from pydantic import Field

from battlescope_schemas.base import EveId, Schema, UtcTime

UNHEALTHY_AFTER: Final = timedelta(seconds=60)  # the last successful poll


@dataclass(frozen=True, slots=True)
class RealTimeRow:
    received: int
    accepted: int
    rejected: int
    received_last_hour: int
    accepted_last_hour: int


@dataclass(frozen=True, slots=True)
class HistoricalRow:
    jobs: int
    running: int
    completed: int
    failed: int
    killmails: int


@dataclass(frozen=True, slots=True)
class DayRow:
    received: int
    accepted: int
    duplicate: int
    refused: int
    min_pilots: int
    system: int
    security: int
    entity: int
    npc: int
    unpublished: int


@dataclass(frozen=True, slots=True)
class HealthRow:
    last_poll_at: datetime | None
    last_successful_poll_at: datetime | None
    last_killmail_id: int | None
    last_sequence: int | None
    consecutive_failures: int
    open_gaps: int


class RealTime(Schema):
    """Killmails of the live feed. ingestRate (per minute) and lastHourAccepted cover the last full hour."""

    total_ingested: int
    total_accepted: int
    total_rejected: int
    accept_rate: float | None
    ingest_rate: float
    last_hour_accepted: int


class Historical(Schema):
    total_jobs: int
    running_jobs: int
    completed_jobs: int
    failed_jobs: int
    total_killmails_processed: int


class Statistics(Schema):
    real_time: RealTime
    historical: Historical


class RejectReasons(Schema):
    """Rejected killmails by the first rule that failed."""

    min_pilots: int
    system: int
    security: int
    entity: int
    npc: int


class DayStatistics(Schema):
    """unprocessedCount: events in the outbox that are not published yet, counted up to 100,000."""

    received_24h: Annotated[int, Field(alias="received24h")]
    accepted_24h: Annotated[int, Field(alias="accepted24h")]
    rejected_24h: Annotated[int, Field(alias="rejected24h")]
    duplicate_24h: Annotated[int, Field(alias="duplicate24h")]
    refused_24h: Annotated[int, Field(alias="refused24h")]
    acceptance_rate: float | None
    unprocessed_count: int
    reject_reasons: RejectReasons


class Health(Schema):
    """Health of the live feed; unhealthy after a minute without a successful poll."""

    status: Literal["healthy", "degraded", "unhealthy"]
    last_poll: UtcTime | None
    last_success: UtcTime | None
    last_killmail: EveId | None
    last_sequence: int | None
    consecutive_failures: int
    open_gaps: int


def statistics(live: RealTimeRow, history: HistoricalRow) -> Statistics:
    return Statistics(
        real_time=RealTime(
            total_ingested=live.received,
            total_accepted=live.accepted,
            total_rejected=live.rejected,
            accept_rate=acceptance_rate(live.accepted, live.rejected),
            ingest_rate=round(live.received_last_hour / 60, 2),
            last_hour_accepted=live.accepted_last_hour,
        ),
        historical=Historical(
            total_jobs=history.jobs,
            running_jobs=history.running,
            completed_jobs=history.completed,
            failed_jobs=history.failed,
            total_killmails_processed=history.killmails,
        ),
    )


def day_statistics(row: DayRow) -> DayStatistics:
    reasons = RejectReasons(
        min_pilots=row.min_pilots, system=row.system, security=row.security, entity=row.entity, npc=row.npc
    )
    rejected = row.min_pilots + row.system + row.security + row.entity + row.npc
    return DayStatistics(
        received_24h=row.received,
        accepted_24h=row.accepted,
        rejected_24h=rejected,
        duplicate_24h=row.duplicate,
        refused_24h=row.refused,
        acceptance_rate=acceptance_rate(row.accepted, rejected),
        unprocessed_count=row.unpublished,
        reject_reasons=reasons,
    )


def health(row: HealthRow, now: datetime) -> Health:
    is_recent = row.last_successful_poll_at is not None and now - row.last_successful_poll_at <= UNHEALTHY_AFTER
    return Health(
        status="unhealthy" if not is_recent else "degraded" if row.consecutive_failures else "healthy",
        last_poll=row.last_poll_at,
        last_success=row.last_successful_poll_at,
        last_killmail=row.last_killmail_id,
        last_sequence=row.last_sequence,
        consecutive_failures=row.consecutive_failures,
        open_gaps=row.open_gaps,
    )


def acceptance_rate(accepted: int, rejected: int) -> float | None:
    """The fraction of accepted killmails; None without accepted or rejected ones."""
    return round(accepted / (accepted + rejected), 4) if accepted + rejected else None
