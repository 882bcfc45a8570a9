"""Every published group of ships has a hull class of its own choice."""

import csv
import gzip
from pathlib import Path

import pytest

from battlescope_schemas.ships.hulls import HullClass, hull_class

SHIP, STRUCTURE, DEPLOYABLE = 6, 65, 22
GROUPS = Path(__file__).parents[2].parent / "shared" / "data" / "sde" / "groups.csv.gz"


@pytest.mark.parametrize(
    ("group_id", "category_id", "expected"),
    [
        (30, SHIP, HullClass.TITAN),
        (900, SHIP, HullClass.BATTLESHIP),
        (540, SHIP, HullClass.BATTLECRUISER),
        (963, SHIP, HullClass.CRUISER),
        (541, SHIP, HullClass.DESTROYER),
        (4594, SHIP, HullClass.DREADNOUGHT),
        (29, SHIP, HullClass.CAPSULE),
        (513, SHIP, HullClass.CAPITAL_INDUSTRIAL),
        (1657, STRUCTURE, HullClass.STRUCTURE),
        (361, DEPLOYABLE, HullClass.OTHER),
        (None, None, None),
    ],
)
def test_group_has_its_class(group_id: int | None, category_id: int | None, expected: HullClass | None) -> None:
    assert hull_class(group_id, category_id) is expected


@pytest.mark.shared
@pytest.mark.skipif(not GROUPS.is_file(), reason="../shared/data is absent: static data is not part of the project")
def test_no_group_of_ships_is_other() -> None:
    with gzip.open(GROUPS, "rt") as file:
        ships = [row for row in csv.DictReader(file) if row["category_id"] == str(SHIP)]
    assert len(ships) > 40
    assert [row["name"] for row in ships if hull_class(int(row["group_id"]), SHIP) is HullClass.OTHER] == []
