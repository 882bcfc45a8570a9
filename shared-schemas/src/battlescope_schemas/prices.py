"""Market prices by day: the request to load what a day of killmails needs, the news that it is loaded, revaluation."""

from datetime import date
from typing import Annotated

from pydantic import Field

from battlescope_schemas.base import Schema


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
