"""Rows and response models of ingestion statistics."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Final, Literal

from pydantic import Field

from battlescope_schemas.base import EveId, Schema, UtcTime

UNHEALTHY_AFTER: Final = timedelta(seconds=60)  # the last successful poll
STANDBY_UNHEALTHY_AFTER: Final = timedelta(minutes=10)  # its lists are requested every five minutes


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
    from_standby: int
    from_backlog: int
    backlog_files: int
    unpublished: int


@dataclass(frozen=True, slots=True)
class HealthRow:
    last_poll_at: datetime | None
    last_successful_poll_at: datetime | None
    last_killmail_id: int | None
    last_sequence: int | None
    consecutive_failures: int
    open_gaps: int
    backlog_files: int
    active_source: Literal["primary", "standby"]
    source_since: datetime
    source_reason: str | None
    standby_success_at: datetime | None
    switches: int
    unavailable: int


class RealTime(Schema):
    """Live ingestion. ingestRate (per minute) and lastHourAccepted cover the last full hour.

    totalIngested and ingestRate count everything that was received, also killmails that came again and files that are
    refused; the other fields count each killmail once.
    """

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
    """Killmails of the live feed in the last 24 hours.

    fromStandby24h, fromBacklog24h: first received from the standby source, and from files that appeared while nobody
    polled. backlogFiles: those that are not read yet. unprocessedCount: events in the outbox that are not
    published yet, counted up to 100,000.
    """

    received_24h: Annotated[int, Field(alias="received24h")]
    accepted_24h: Annotated[int, Field(alias="accepted24h")]
    rejected_24h: Annotated[int, Field(alias="rejected24h")]
    duplicate_24h: Annotated[int, Field(alias="duplicate24h")]
    refused_24h: Annotated[int, Field(alias="refused24h")]
    from_standby_24h: Annotated[int, Field(alias="fromStandby24h")]
    from_backlog_24h: Annotated[int, Field(alias="fromBacklog24h")]
    backlog_files: int
    acceptance_rate: float | None
    unprocessed_count: int
    reject_reasons: RejectReasons


class LiveSource(Schema):
    """Where live killmails come from: the feed, or its standby while the feed is silent or gives nothing usable.

    reason: of the last switch. unavailableKillmails: named by lists of the standby, without a killmail to be had.
    """

    active: Literal["primary", "standby"]
    since: UtcTime
    reason: str | None
    standby_last_success: UtcTime | None
    switches_24h: Annotated[int, Field(alias="switches24h")]
    unavailable_killmails: int


class Health(Schema):
    """Health of live killmails.

    Unhealthy after a minute without a successful poll; while the standby is active degraded, and unhealthy after ten
    minutes without a successful poll of the standby. backlogFiles: those that appeared while nobody polled and are not
    read yet; files of the present are read beside them.
    """

    status: Literal["healthy", "degraded", "unhealthy"]
    last_poll: UtcTime | None
    last_success: UtcTime | None
    last_killmail: EveId | None
    last_sequence: int | None
    consecutive_failures: int
    open_gaps: int
    backlog_files: int
    source: LiveSource


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
        from_standby_24h=row.from_standby,
        from_backlog_24h=row.from_backlog,
        backlog_files=row.backlog_files,
        acceptance_rate=acceptance_rate(row.accepted, rejected),
        unprocessed_count=row.unpublished,
        reject_reasons=reasons,
    )


def health(row: HealthRow, now: datetime) -> Health:
    on_standby = row.active_source == "standby"
    last_success = row.standby_success_at if on_standby else row.last_successful_poll_at
    limit = STANDBY_UNHEALTHY_AFTER if on_standby else UNHEALTHY_AFTER
    is_recent = last_success is not None and now - last_success <= limit
    is_degraded = on_standby or row.consecutive_failures > 0
    return Health(
        status="unhealthy" if not is_recent else "degraded" if is_degraded else "healthy",
        last_poll=row.last_poll_at,
        last_success=row.last_successful_poll_at,
        last_killmail=row.last_killmail_id,
        last_sequence=row.last_sequence,
        consecutive_failures=row.consecutive_failures,
        open_gaps=row.open_gaps,
        backlog_files=row.backlog_files,
        source=LiveSource(
            active=row.active_source,
            since=row.source_since,
            reason=row.source_reason,
            standby_last_success=row.standby_success_at,
            switches_24h=row.switches,
            unavailable_killmails=row.unavailable,
        ),
    )


def acceptance_rate(accepted: int, rejected: int) -> float | None:
    """The fraction of accepted killmails; None without accepted or rejected ones."""
    return round(accepted / (accepted + rejected), 4) if accepted + rejected else None
