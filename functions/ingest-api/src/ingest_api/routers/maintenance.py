"""The routes for verification and retention. The work is ingest-verify's; here it is asked for and looked at."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Body, HTTPException, Query
from fastapi.responses import Response
from pydantic import Field

from ingest_api.domain.retention_window import cutoff
from ingest_api.events import retention_due, verification_requested
from ingest_api.http.auth import REFUSALS, Writer
from ingest_api.http.dependencies import (
    ClockDep,
    LimitsDep,
    NewIdDep,
    Page,
    PublishDep,
    StoreDep,
    flush_outbox,
    uncached,
)
from ingest_api.repositories import maintenance as sql
from ingest_api.repositories import outbox
from ingest_api.schemas.maintenance import (
    Retention,
    RetentionOrdered,
    RetentionStatus,
    Span,
    Summary,
    Verification,
    VerificationOrdered,
    Verifications,
    retention_status,
    span,
    verifications,
    whole,
)
from ingest_api.schemas.requests import VerificationOrder, verification_objection

router = APIRouter(prefix="/api/ingestion", tags=["upkeep"])


class VerificationQuery(Page):
    limit: Annotated[int, Field(ge=1, le=100)] = 30


@router.get("/verification/history", response_model=Verifications)
async def list_verifications(query: Annotated[VerificationQuery, Query()], store: StoreDep) -> Response:
    """Days compared with the list of the source, newest first."""
    async with store.reading() as session:
        rows = await session.rows(Verification, sql.VERIFICATIONS, query.model_dump())
        (summary,) = await session.rows(Summary, sql.VERIFICATION_SUMMARY, {})
    return uncached(verifications(rows, summary, query.limit, query.offset))


@router.post(
    "/verification/trigger",
    response_model=VerificationOrdered,
    status_code=202,
    responses=REFUSALS,
    dependencies=[Writer],
)
async def verify(
    *,
    order: Annotated[VerificationOrder, Body()],
    store: StoreDep,
    publish: PublishDep,
    clock: ClockDep,
    new_id: NewIdDep,
    limits: LimitsDep,
) -> Response:
    """Compare a day with the list of the source, whether or not that was done before."""
    now = clock()
    if said := verification_objection(order.date, now.date(), limits.retention_months):
        raise HTTPException(400, said)
    message = verification_requested(order.date, new_id(), now)
    async with store.writing() as session:
        (summary,) = await session.rows(Summary, sql.VERIFICATION_SUMMARY, {})
        await outbox.say(session, message)
    await flush_outbox(store, publish)
    told = VerificationOrdered(
        job_id=UUID(message.id),
        status="pending",
        verification_date=order.date,
        estimated_duration=whole(summary.usual_seconds),
    )
    return uncached(told, 202)


@router.get("/retention/status", response_model=RetentionStatus)
async def get_retention(store: StoreDep, clock: ClockDep, limits: LimitsDep) -> Response:
    """What is kept, and what there is."""
    async with store.reading() as session:
        (retention,) = await session.rows(Retention, sql.RETENTION, {})
        partitions = [month for (month,) in await session.plain(sql.MONTHS, {})]
        stored = await session.row(Span, sql.SPAN, span(partitions)) if partitions else None
    return uncached(retention_status(retention, stored or Span(None, None, 0), limits.retention_months, clock()))


@router.post(
    "/retention/trigger", response_model=RetentionOrdered, status_code=202, responses=REFUSALS, dependencies=[Writer]
)
async def clean_up(
    store: StoreDep, publish: PublishDep, clock: ClockDep, new_id: NewIdDep, limits: LimitsDep
) -> Response:
    """Remove what is older than the window now, in every context, instead of at the next night."""
    now = clock()
    oldest = cutoff(now.date(), limits.retention_months)
    message = retention_due(oldest, new_id(), now)
    async with store.writing() as session:
        (retention,) = await session.rows(Retention, sql.RETENTION, {})
        await outbox.say(session, message)
    await flush_outbox(store, publish)
    told = RetentionOrdered(
        job_id=UUID(message.id),
        status="pending",
        cutoff_date=oldest,
        estimated_duration=whole(retention.usual_seconds),
    )
    return uncached(told, 202)
