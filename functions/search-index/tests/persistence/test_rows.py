"""PostgreSQL reads parameters as they were meant."""

from typing import Any

import pytest
from search_builders import START, battle_id

from battlescope_events.postgres.database import Database
from search_index.persistence.rows import array

pytestmark = pytest.mark.postgres


@pytest.mark.parametrize(
    ("column_type", "values"),
    [
        ("bigint", []),
        ("bigint", [1, None, 2**63 - 1]),
        ("integer", [0, -1]),
        ("boolean", [True, False, None]),
        ("text", ["ship_type", "character"]),
        ("timestamptz", [START, None, START.replace(microsecond=120_000)]),
    ],
)
async def test_an_array_is_read_as_it_was_written(store: Database, column_type: str, values: list[Any]) -> None:
    async with store.connection() as connection:
        assert await connection.scalar(f"SELECT %(values)s::{column_type}[]", {"values": array(values)}) == values


async def test_ids_of_battles_are_read_as_they_were_written(store: Database) -> None:
    async with store.connection() as connection:
        ids = [battle_id(1), battle_id(2)]
        assert await connection.scalar("SELECT %(values)s::uuid[]::text[]", {"values": array(ids)}) == ids
