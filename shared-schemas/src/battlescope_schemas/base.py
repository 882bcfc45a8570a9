"""Base classes of payload schemas: camelCase, ids and ISK as strings, unknown fields ignored, frozen values."""

from base64 import b64decode, b64encode
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from typing import Annotated, Final

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, WithJsonSchema

# A JavaScript number is exact to 9e15 and ISK sums pass that; player structures have ids above 1e12.
EveId = Annotated[int, Field(ge=0, lt=2**63), PlainSerializer(str, return_type=str, when_used="json")]


def isk(value: Decimal) -> Decimal:
    """ISK rounded half up to cents."""
    return value.quantize(Decimal("0.01"), ROUND_HALF_UP)


def _as_utc(value: datetime) -> datetime:
    try:
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    except OverflowError as error:  # year 1 or 9999 in another time zone
        raise ValueError("The time lies outside of the calendar.") from error


Isk = Annotated[Decimal, AfterValidator(isk), PlainSerializer(str, return_type=str, when_used="json")]
UtcTime = Annotated[datetime, AfterValidator(_as_utc)]
MAX_CARRIED_BYTES: Final = 64 * 1024
"""Of an object that travels with its claim check: a dozen killmails. Larger ones would only fill logs and outboxes."""


def _from_base64(value: object) -> object:
    return b64decode(value, validate=True) if isinstance(value, str) else value


def _to_base64(content: bytes) -> str:
    return b64encode(content).decode()


CarriedContent = Annotated[
    bytes,
    BeforeValidator(_from_base64),
    PlainSerializer(_to_base64, return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "contentEncoding": "base64"}),
]


def carried(content: bytes) -> bytes | None:
    """The content of an object as its claim check carries it; None where it is too large."""
    return content if len(content) <= MAX_CARRIED_BYTES else None


@cache
def camel_case(name: str) -> str:
    """The name of a field in JSON; that of pydantic asks five regular expressions for each field of each model."""
    first, *others = name.split("_")
    return first + "".join(word.title() for word in others)


class Schema(BaseModel):
    """Base of every payload of BattleScope. Readers ignore unknown fields, so adding an optional field breaks none."""

    model_config = ConfigDict(
        frozen=True,
        extra="ignore",
        defer_build=True,  # a process builds the validators of the models that it uses, at first use
        alias_generator=camel_case,
        validate_by_name=True,
        validate_by_alias=True,
        serialize_by_alias=True,
    )
