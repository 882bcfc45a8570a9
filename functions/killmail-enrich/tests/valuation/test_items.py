"""Items of a loss: odd ones are left out, and nothing that they hold makes a killmail unreadable."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET, Raw

from killmail_enrich.valuation.items import MAX_DEPTH, MAX_ITEMS, MAX_QUANTITY, Item, read_items

JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda children: (
        st.lists(children, max_size=4)
        | st.dictionaries(
            st.sampled_from(["item_type_id", "flag", "quantity_dropped", "quantity_destroyed", "singleton", "items"]),
            children,
            max_size=6,
        )
    ),
    max_leaves=20,
)


def read(items: Any) -> list[Item]:
    return read_items(Raw(json.dumps(items).encode()))


def entry(type_id: Any = 1, **fields: Any) -> dict[str, Any]:
    return {"item_type_id": type_id, "flag": 5, "singleton": 0, **fields}


def test_fields_of_an_entry_and_of_its_contents() -> None:
    (item,) = read([entry(34, quantity_dropped=2, items=[entry(35, quantity_destroyed=3, singleton=2)])])
    assert (item.type_id, item.flag, item.dropped, item.destroyed, item.count) == (34, 5, 2, None, 2)
    (nested,) = item.items or ()
    assert (nested.type_id, nested.singleton, nested.count) == (35, 2, 3)


@pytest.mark.parametrize("items", [None, 5, "text", {}, True, [], [[]], [None, 7]])
def test_anything_that_is_no_list_of_entries_has_no_items(items: Any) -> None:
    assert read(items) == []


def test_killmail_without_items_has_none() -> None:
    assert read_items(UNSET) == []


@pytest.mark.parametrize("type_id", [None, "34", 34.0, True, -1, 2**63])
def test_entry_without_a_type_is_left_out_alone(type_id: Any) -> None:
    assert [item.type_id for item in read([entry(1), entry(type_id, items=[entry(2)]), entry(3)])] == [1, 3]


@pytest.mark.parametrize("quantity", ["3", 3.5, -1, MAX_QUANTITY + 1, None, [], True])
def test_odd_quantity_counts_as_missing(quantity: Any) -> None:
    assert [item.count for item in read([entry(quantity_dropped=quantity, quantity_destroyed=4)])] == [4]


def test_depth_is_bounded() -> None:
    nested: list[dict[str, Any]] = []
    for level in range(40):
        nested = [entry(40 - level, quantity_dropped=1, items=nested)]
    assert _depth(read(nested)) == _depth(read([*nested, None])) == MAX_DEPTH


def _depth(items: list[Item]) -> int:
    return 1 + max((_depth(item.items or []) for item in items), default=-1) if items else 0


def test_thousands_of_levels_are_no_items() -> None:
    text = b'[{"item_type_id":1,"quantity_dropped":1,"items":' * 20_000 + b"null" + b"}]" * 20_000
    assert read_items(Raw(text)) == []


def test_number_of_entries_is_bounded() -> None:
    items = read([entry(1, quantity_dropped=1, items=[entry(2)] * 30_000), *([entry(3)] * 10_000)])
    assert len(items) == 10_001
    assert len(items) + len(items[0].items or []) == MAX_ITEMS


@given(JSON_VALUES)
def test_no_json_is_refused(value: Any) -> None:
    assert all(isinstance(item, Item) for item in read(value))
    assert all(isinstance(item, Item) for item in read([value]))
