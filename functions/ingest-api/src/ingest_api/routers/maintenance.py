"""Routes of verification and retention. ingest-verify does the work; these routes request it and show the results."""

from typing import Annotated
from uuid import UUID

from fastapi import Body, Query, Request
from fastapi.responses import Response
from pydantic import Field

from battlescope_events.http_api.errors import ApiError
from battlescope_events.http_api.request_types import WHOLE_NUMBER, OffsetPage
from battlescope_events.http_api.responses import current_response, uncached_response
from battlescope_events.http_api.routing import ApiRouter
from ingest_api.dependencies import Deps
from ingest_api.domain.retention_window import cutoff
from ingest_api.events import retention_due, verification_requested
from ingest_api.repositories.maintenance import MaintenanceRepository
from ingest_api.rights import CONTROLS_INGESTION, READS_INGESTION
from ingest_api.schemas.maintenance import (
    RetentionAccepted,
    RetentionStatus,
    VerificationAccepted,
    Verifications,
    retention_status,
    rounded,
    verifications,
)
from ingest_api.schemas.requests import VerificationRequest, verification_error

router = ApiRouter(prefix="/api/ingestion", tags=["maintenance"])


class VerificationQuery(OffsetPage):
    limit: Annotated[int, Field(ge=1, le=100), WHOLE_NUMBER] = 30


@router.get("/verification/history", response_model=Verifications, dependencies=[READS_INGESTION])
async def list_verifications(request: Request, query: Annotated[VerificationQuery, Query()], deps: Deps) -> Response:
    """List the verified days, newest first."""
    async with deps.database.connection() as connection:
        maintenance = MaintenanceRepository(connection)
        rows = await maintenance.verifications(query.limit, query.offset)
        summary = await maintenance.verification_summary()
    return current_response(request, verifications(rows, summary, query.limit, query.offset))


@router.post(
    "/verification/trigger",
    response_model=VerificationAccepted,
    status_code=202,
    dependencies=[CONTROLS_INGESTION],
)
async def verify(verification: Annotated[VerificationRequest, Body()], deps: Deps) -> Response:
    """Verify a day against the source's list, also if it is already verified."""
    now = deps.clock()
    if error := verification_error(verification.date, now.date(), deps.limits.retention_months):
        raise ApiError(400, error)
    message = verification_requested(verification.date, deps.new_id(), now)
    async with deps.database.transaction() as connection:
        summary = await MaintenanceRepository(connection).verification_summary()
        await deps.outbox.enqueue(connection, [message])
    await deps.flush_outbox()
    body = VerificationAccepted(
        job_id=UUID(message.id),
        status="pending",
        verification_date=verification.date,
        estimated_duration=rounded(summary.average_seconds),
    )
    return uncached_response(body, 202)


@router.get("/retention/status", response_model=RetentionStatus, dependencies=[READS_INGESTION])
async def get_retention(request: Request, deps: Deps) -> Response:
    """Get the retention window and the range of stored killmails."""
    async with deps.database.connection() as connection:
        maintenance = MaintenanceRepository(connection)
        retention, stored = await maintenance.retention(), await maintenance.stored_range()
    body = retention_status(retention, stored, deps.limits.retention_months, deps.clock())
    return current_response(request, body)


@router.post(
    "/retention/trigger",
    response_model=RetentionAccepted,
    status_code=202,
    dependencies=[CONTROLS_INGESTION],
)
async def clean_up(deps: Deps) -> Response:
    """Delete expired data of all contexts now, instead of at the daily cleanup."""
    now = deps.clock()
    cutoff_date = cutoff(now.date(), deps.limits.retention_months)
    message = retention_due(cutoff_date, deps.new_id(), now)
    async with deps.database.transaction() as connection:
        retention = await MaintenanceRepository(connection).retention()
        await deps.outbox.enqueue(connection, [message])
    await deps.flush_outbox()
    body = RetentionAccepted(
        job_id=UUID(message.id),
        status="pending",
        cutoff_date=cutoff_date,
        estimated_duration=rounded(retention.average_seconds),
    )
    return uncached_response(body, 202)
