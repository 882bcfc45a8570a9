"""The column `valuation` of a row."""

from typing import Final

from msgspec import Raw, Struct
from msgspec.json import Encoder

from killmail_enrich.enrichment.enrichment import EnrichedLine

_ENCODER: Final = Encoder()


class ValuesLine(Struct, rename="camel", omit_defaults=True, gc=False):
    """The column `valuation`: what the columns `zkb_total_value`, `value_source` and `total_value` do not hold."""

    zkb_fitted_value: str | None = None
    zkb_dropped_value: str | None = None
    zkb_destroyed_value: str | None = None
    computed_value: Raw | None = None
    fitted_value: str | None = None
    dropped_value: str | None = None
    destroyed_value: str | None = None


def valuation_column(line: EnrichedLine) -> str:
    values = ValuesLine(
        line.zkb_fitted_value,
        line.zkb_dropped_value,
        line.zkb_destroyed_value,
        line.computed_value,
        line.fitted_value,
        line.dropped_value,
        line.destroyed_value,
    )
    return _ENCODER.encode(values).decode()
