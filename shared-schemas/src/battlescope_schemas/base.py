"""How every noun is written down: camelCase, ids and ISK as strings, unknown fields ignored, values frozen."""

from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PlainSerializer
from pydantic.alias_generators import to_camel

# A JavaScript number is exact to 9e15 and ISK sums pass that; player structures have ids above 1e12.
EveId = Annotated[int, Field(ge=0, lt=2**63), PlainSerializer(str, return_type=str, when_used="json")]


def isk(value: Decimal) -> Decimal:
    """ISK to the hundredth, half up."""
    return value.quantize(Decimal("0.01"), ROUND_HALF_UP)


def _as_utc(value: datetime) -> datetime:
    try:
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    except OverflowError as error:  # year 1 or 9999 in another time zone
        raise ValueError("The time lies outside of the calendar.") from error


Isk = Annotated[Decimal, AfterValidator(isk), PlainSerializer(str, return_type=str, when_used="json")]
UtcTime = Annotated[datetime, AfterValidator(_as_utc)]


class Schema(BaseModel):
    """Base of every noun on our own wires. Readers ignore fields they do not know, so additions break nobody."""

    model_config = ConfigDict(
        frozen=True,
        extra="ignore",
        defer_build=True,  # a process builds the few nouns it uses, when it first uses them
        alias_generator=to_camel,
        validate_by_name=True,
        validate_by_alias=True,
        serialize_by_alias=True,
    )


class Feed(BaseModel):
    """Base of nouns on other people's wires: their snake_case, their numbers, tolerant to what they add."""

    model_config = ConfigDict(
        frozen=True, extra="ignore", validate_by_name=True, validate_by_alias=True, defer_build=True
    )
