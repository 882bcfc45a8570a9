"""What a unit of each type of a killmail costs, as the column `unit_prices` holds it."""

from collections.abc import Iterable
from typing import Final

from msgspec.json import Encoder

from killmail_enrich.prices.price_vector import PriceVector

_ENCODER: Final = Encoder()


def encode_unit_prices(type_ids: Iterable[int], prices: PriceVector) -> str:
    """JSON: type id, cents, rule, records and the day of the last record of each type, by ascending id."""
    priced = [(type_id, prices.price(type_id)) for type_id in sorted(type_ids)]
    rows = [(type_id, price.cents, price.rule, price.records, price.last_day) for type_id, price in priced]
    return _ENCODER.encode(rows).decode()
