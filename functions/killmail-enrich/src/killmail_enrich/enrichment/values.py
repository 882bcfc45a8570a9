"""The values of a killmail as fields of an enriched killmail: of zKillboard, the computed one, and what is shown."""

from decimal import Decimal
from typing import Any, Final

from msgspec import Raw, Struct
from msgspec.json import Encoder

from battlescope_schemas.base import isk
from battlescope_schemas.enriched import ValueSource
from battlescope_schemas.killmail import ZkbValues
from killmail_enrich.valuation.killmail_value import KillmailValue
from killmail_enrich.valuation.shown_value import shown_source, zkb_value

_ENCODER: Final = Encoder()


class ComputedLine(Struct, rename="camel", omit_defaults=True, gc=False):
    """The fields of `ComputedValue`; ISK is text."""

    hull: str
    fitted: str
    dropped: str
    destroyed: str
    total: str
    droppable: str
    price_day: str
    rules: int
    confidence: str
    unpriced: tuple[str, ...]
    unpriced_count: int


def value_fields(zkb: ZkbValues, computed: KillmailValue | None, *, has_hull: bool) -> dict[str, Any]:
    """The fields of an `EnrichedLine` from `zkb_total_value` to `destroyed_value`; those without a value are left out.

    has_hull: whether a ship was lost, which is worth something.
    """
    fields: dict[str, Any] = {}
    if zkb.total is not None:
        fields = {f"zkb_{name}_value": str(isk(v)) for name, v in zip(zkb._fields, zkb, strict=True) if v is not None}
    line = None if computed is None else _computed_line(computed)
    if line is not None:
        fields["computed_value"] = Raw(_ENCODER.encode(line))
    source = shown_source(zkb, computed, has_hull=has_hull)
    if source is ValueSource.ZKB:
        shown = zkb_value(zkb, computed)
        fields["value_source"] = "zkb"
        fields["total_value"] = _text(shown.total)
        fields["fitted_value"] = _text(shown.fitted)
        fields["dropped_value"] = _text(shown.dropped)
        fields["destroyed_value"] = _text(shown.destroyed)
    elif line is not None:  # whose texts are those of the shown value: nothing is rounded
        fields["value_source"] = "computed"
        fields["total_value"] = line.total
        fields["fitted_value"] = line.fitted
        fields["dropped_value"] = line.dropped
        fields["destroyed_value"] = line.destroyed
    return fields


def _computed_line(value: KillmailValue) -> ComputedLine:
    return ComputedLine(
        cents_text(value.hull),
        cents_text(value.fitted),
        cents_text(value.dropped),
        cents_text(value.destroyed),
        cents_text(value.total),
        cents_text(value.droppable),
        value.price_day.isoformat(),
        value.rules,
        value.confidence.value,
        tuple(map(str, value.unpriced)),
        value.unpriced_count,
    )


def cents_text(cents: int) -> str:
    """ISK with two decimals."""
    return f"{cents // 100}.{cents % 100:02d}"


def _text(value: Decimal | None) -> str | None:
    return None if value is None else str(isk(value))
