"""What a unit of each type of a killmail costs, as the column `type_prices` holds it."""

from collections.abc import Iterable

from killmail_enrich.prices.price_vector import PriceVector


def encode_unit_prices(type_ids: Iterable[int], prices: PriceVector) -> str:
    """JSON: type id, cents, rule, records and the day of the last record of each type, by ascending id."""
    return f"[{','.join([prices.quote(type_id).row for type_id in sorted(type_ids)])}]"
