"""Routes of verification and retention. ingest-verify does the work; these routes request it and show the results."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Body, HTTPException, Query
from fastapi.responses import Response
from pydantic import Field

from ingest_api.domain.retention_window import cutoff
from ingest_api.events import retention_due, verification_requested
from ingest_api.http.auth import AUTH_RESPONSES, RequiresToken
from ingest_api.http.dependencies import (
    ClockDep,
    DatabaseDep,
    LimitsDep,
    NewIdDep,
    Page,
    PublishDep,
    flush_outbox,
    uncached_response,
)
from ingest_api.repositories import maintenance as sql
from ingest_api.repositories import outbox
from ingest_api.schemas.maintenance import (
    RetentionAccepted,
    RetentionRow,
    RetentionStatus,
    StoredRange,
    VerificationAccepted,
    VerificationRow,
    Verifications,
    VerificationSummaryRow,
    retention_status,
    rounded,
    search_bounds,
    verifications,
)
from ingest_api.schemas.requests import VerificationRequest, verification_error

router = APIRouter(prefix="/api/ingestion", tags=["maintenance"])


class VerificationQuery(Page):
    limit: Annotated[int, Field(ge=1, le=100)] = 30


@router.get("/verification/history", response_model=Verifications)
async def list_verifications(query: Annotated[VerificationQuery, Query()], database: DatabaseDep) -> Response:
    """List the verified days, newest first."""
    async with database.session() as session:
        rows = await session.rows(VerificationRow, sql.VERIFICATIONS, query.model_dump())
        (summary,) = await session.rows(VerificationSummaryRow, sql.VERIFICATION_SUMMARY, {})
    return uncached_response(verifications(rows, summary, query.limit, query.offset))


@router.post(
    "/verification/trigger",
    response_model=VerificationAccepted,
    status_code=202,
    responses=AUTH_RESPONSES,
    dependencies=[RequiresToken],
)
async def verify(
    *,
    verification: Annotated[VerificationRequest, Body()],
    database: DatabaseDep,
    publish: PublishDep,
    clock: ClockDep,
    new_id: NewIdDep,
    limits: LimitsDep,
) -> Response:
    """Verify a day against the source's list, also if it is already verified."""
    now = clock()
    if error := verification_error(verification.date, now.date(), limits.retention_months):
        raise HTTPException(400, error)
    message = verification_requested(verification.date, new_id(), now)
    async with database.transaction() as session:
        (summary,) = await session.rows(VerificationSummaryRow, sql.VERIFICATION_SUMMARY, {})
        await outbox.enqueue(session, message)
    await flush_outbox(database, publish)
    body = VerificationAccepted(
        job_id=UUID(message.id),
        status="pending",
        verification_date=verification.date,
        estimated_duration=rounded(summary.average_seconds),
    )
    return uncached_response(body, 202)


@router.get("/retention/status", response_model=RetentionStatus)
async def get_retention(database: DatabaseDep, clock: ClockDep, limits: LimitsDep) -> Response:
    """Get the retention window and the range of stored killmails."""
    async with database.session() as session:
        (retention,) = await session.rows(RetentionRow, sql.RETENTION, {})
        months = [month for (month,) in await session.execute(sql.PARTITION_MONTHS, {})]
        stored = await session.row(StoredRange, sql.STORED_RANGE, search_bounds(months)) if months else None
    stored = stored or StoredRange(None, None, 0)
    return uncached_response(retention_status(retention, stored, limits.retention_months, clock()))


@router.post(
    "/retention/trigger",
    response_model=RetentionAccepted,
    status_code=202,
    responses=AUTH_RESPONSES,
    dependencies=[RequiresToken],
)
async def clean_up(
    database: DatabaseDep, publish: PublishDep, clock: ClockDep, new_id: NewIdDep, limits: LimitsDep
) -> Response:
    """Delete expired data of all contexts now, instead of at the daily cleanup."""
    now = clock()
    cutoff_date = cutoff(now.date(), limits.retention_months)
    message = retention_due(cutoff_date, new_id(), now)
    async with database.transaction() as session:
        (retention,) = await session.rows(RetentionRow, sql.RETENTION, {})
        await outbox.enqueue(session, message)
    await flush_outbox(database, publish)
    body = RetentionAccepted(
        job_id=UUID(message.id),
        status="pending",
        cutoff_date=cutoff_date,
        estimated_duration=rounded(retention.average_seconds),
    )
    return uncached_response(body, 202)
