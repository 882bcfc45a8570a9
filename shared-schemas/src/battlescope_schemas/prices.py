"""Market prices by day: the request to load what a day of killmails needs, the news that it is loaded, revaluation."""

from datetime import date
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from battlescope_schemas.base import Schema


class PriceRule(StrEnum):
    """Which rule gave the price of a type on a day, the first that gives one.

    worthless: a cent. fixed: by a list with reasons. build_cost: of the materials. market: the mean of a window of days
    of The Forge. other_region: the same elsewhere. unpriced: none gave one, so that a unit counts a cent.
    """

    WORTHLESS = "worthless"
    FIXED = "fixed"
    BUILD_COST = "build_cost"
    MARKET = "market"
    OTHER_REGION = "other_region"
    UNPRICED = "unpriced"


class PricesRequested(Schema):
    """Request to load the market prices that the killmails of a UTC day need.

    part: loading takes several events; each requests the next part.
    """

    date: date
    part: Annotated[int, Field(ge=0)] = 0


class PricesDayLoaded(Schema):
    """The killmails of a UTC day, for which prices were missing, can be valued.

    price_day: the last day of the market that their prices use. rules: the version of the valuation rules.
    """

    price_day: date
    date: date
    rules: Annotated[int, Field(ge=1)]


class RevaluationRequested(Schema):
    """The next part of a job that computes the values of stored killmails again; parts count from 0."""

    job_id: str
    part: Annotated[int, Field(ge=0)]
