"""Items as the game nests them: a frigate in its bay, ships in a hangar, a container in a container."""

import json
from decimal import Decimal

from battlescope_schemas.prices import PriceRule
from killmail_api.domain.items import present, read_entries, read_unit_prices, type_ids
from killmail_api.schemas.items import Slot

FRIGATE, SHIP, CONTAINER, ORE, BATTERY = 587, 638, 3467, 34, 11
NESTED = [
    {"flag": 179, "item_type_id": FRIGATE, "quantity_destroyed": 1, "singleton": 0},
    {
        "flag": 90, "item_type_id": SHIP, "quantity_destroyed": 1, "singleton": 0,
        "items": [{
            "flag": 5, "item_type_id": CONTAINER, "quantity_destroyed": 1, "singleton": 0,
            "items": [{"flag": 0, "item_type_id": ORE, "quantity_dropped": 5, "singleton": 0}],
        }],
    },
    {"flag": 27, "item_type_id": BATTERY, "quantity_destroyed": 1, "singleton": 0},
]  # fmt: skip


def test_every_level_has_its_place_name_and_price() -> None:
    entries = read_entries(json.dumps(NESTED).encode())
    assert list(type_ids(entries)) == [FRIGATE, SHIP, CONTAINER, ORE, BATTERY]
    names = {entry: f"Type {entry}" for entry in type_ids(entries)}
    prices = read_unit_prices([(i, 1000_00, PriceRule.MARKET.value, 3, "2026-10-31") for i in names])
    bay, hangar, gun = present(entries, names, prices)
    assert [item.slot for item in (bay, hangar, gun)] == [Slot.ESCAPE_BAY, Slot.SHIP_HANGAR, Slot.HIGH]
    assert bay.unit_price is not None
    assert (bay.unit_price.isk, bay.unit_price.rule) == (Decimal("0.01"), PriceRule.WORTHLESS)  # it always escapes
    assert hangar.unit_price is not None
    assert hangar.unit_price.isk == Decimal("1000.00")
    (container,) = hangar.items
    (ore,) = container.items
    assert (container.slot, container.type_name, ore.type_name) == (Slot.CARGO, "Type 3467", "Type 34")
    assert (ore.quantity_dropped, ore.items) == (5, ())
