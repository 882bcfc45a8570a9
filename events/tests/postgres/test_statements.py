"""Named parameters become numbered ones, once for each statement."""

import pytest

from battlescope_events.postgres.database import Database
from battlescope_events.postgres.statements import numbered

NAMES = [f"value_{number}" for number in range(60)]
LONG = "SELECT ARRAY[" + ", ".join(f"%({name})s::integer" for name in NAMES) + "] /* " + "long " * 1000 + "*/"


def test_a_name_has_one_number() -> None:
    assert numbered("SELECT %(b)s, %(a)s, %(b)s") == (b"SELECT $1, $2, $1", ("b", "a"))


def test_two_percent_signs_are_one() -> None:
    assert numbered("SELECT 'a' <%% %(text)s").text == b"SELECT 'a' <% $1"


@pytest.mark.parametrize("statement", ["SELECT %s", "SELECT 5 % 3", "SELECT %(name)b", "SELECT %(a b)s", "SELECT 1%"])
def test_another_percent_sign_is_refused(statement: str) -> None:
    with pytest.raises(ValueError, match=r"%\(name\)s for a parameter and %% for a percent sign, not '%"):
        numbered(statement)


async def test_a_long_statement_is_numbered_at_its_first_use_alone(database: Database) -> None:
    params = {name: number for number, name in enumerate(NAMES)} | {"of_no_use": None}
    async with database.connection() as connection:
        assert await connection.scalar(LONG, params) == list(range(60))
        before = numbered.cache_info()
        assert await connection.scalar(LONG, params) == list(range(60))
        after = numbered.cache_info()
    assert (after.misses, after.hits) == (before.misses, before.hits + 1)


async def test_many_rows_take_named_parameters_too(database: Database) -> None:
    async with database.transaction() as connection, connection.cursor() as cursor:
        await cursor.execute("CREATE TEMPORARY TABLE pairs (number integer, text text)")
        rows = [{"text": "one", "number": 1}, {"text": "two", "number": 2}]
        await cursor.executemany("INSERT INTO pairs VALUES (%(number)s, %(text)s)", rows)
        await cursor.execute("SELECT number, text FROM pairs ORDER BY number")
        assert await cursor.fetchall() == [(1, "one"), (2, "two")]


async def test_a_statement_without_parameters_stays_as_it_is(database: Database) -> None:
    async with database.connection() as connection:
        cursor = await connection.execute("SELECT 5 % 3, 'a%s'")
        assert await cursor.fetchone() == (2, "a%s")


async def test_a_missing_parameter_is_named(database: Database) -> None:
    async with database.connection() as connection:
        with pytest.raises(KeyError, match="number"):
            await connection.scalar("SELECT %(number)s::integer", {"other": 1})
