"""The routes for the terms of grouping, and for what the tables can tell about the work."""

from datetime import timedelta
from typing import Annotated, Final

from fastapi import APIRouter, Body, Header, HTTPException
from fastapi.responses import Response

from battle_api.domain.rows import ClusteringConfig, Statistics
from battle_api.http.auth import REFUSALS, Writer
from battle_api.http.dependencies import ClockDep, StoreDep, uncached
from battle_api.http.preconditions import moment, validator
from battle_api.repositories import admin as sql
from battle_api.schemas.admin import StatisticsItem, TermsItem, statistics_item, terms_item
from battle_api.schemas.admin_requests import ClusteringConfigUpdate

DAY: Final = timedelta(days=1)
IfMatch = Annotated[str | None, Header(description="The ETag of the configuration that was looked at.")]

router = APIRouter(prefix="/api/admin", tags=["administering"])


@router.get("/config/clusterer", response_model=TermsItem)
async def get_terms(battles: StoreDep) -> Response:
    """The terms of grouping."""
    async with battles.reading() as reading:
        (terms,) = await reading.rows(ClusteringConfig, sql.CONFIGURATION, {})
    return _told(terms)


@router.put("/config/clusterer", response_model=TermsItem, responses=REFUSALS, dependencies=[Writer])
async def put_terms(
    wanted: Annotated[ClusteringConfigUpdate, Body()], battles: StoreDep, clock: ClockDep, if_match: IfMatch = None
) -> Response:
    """Change what is given and leave the rest; for mails to come. With If-Match only what the caller has seen."""
    known = None if if_match is None else moment(if_match)
    given = {**wanted.model_dump(by_alias=False), "known": known, "now": clock()}
    async with battles.writing() as writing:
        terms = await writing.row(ClusteringConfig, sql.CONFIGURE, given)
    if terms is None:
        raise HTTPException(412, "Somebody changed the configuration since; look at it again.")
    return _told(terms)


def _told(terms: ClusteringConfig) -> Response:
    return uncached(terms_item(terms), etag=validator(terms.updated_at))


@router.get("/stats/clusterer", response_model=StatisticsItem)
async def get_statistics(battles: StoreDep, clock: ClockDep) -> Response:
    """What became of the last day's mails."""
    given = {"since": clock() - DAY, "counted_at_most": sql.COUNTED_AT_MOST}
    async with battles.reading() as reading:
        (row,) = await reading.rows(Statistics, sql.STATISTICS, given)
    return uncached(statistics_item(row))
