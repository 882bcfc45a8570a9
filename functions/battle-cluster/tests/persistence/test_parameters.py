"""Values reach their columns as they are, by COPY as by JSON."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import psycopg
import pytest

from battle_cluster.domain.killmail import PartyKind
from battle_cluster.persistence.parameters import copied_rows, int_array
from battle_cluster.persistence.upsert import copy_into

pytestmark = pytest.mark.postgres
TIME = datetime(2026, 3, 1, 18, 0, tzinfo=UTC)
ROWS = [
    ("back\\slash", "tab\tnew\nline\r", 1, None, True, Decimal("1.50"), 0.25, TIME, [[1, 2, None]], [3, 4]),
    ("\\N", "", -1, 2, False, Decimal(0), 1e-9, TIME, [], []),
    ('quo"te, \\" and \\n', "null", 2, None, True, Decimal(-1), 0.0, TIME, None, None),
    ("bell\x07 and \u2028 \N{SNOWMAN}", "\\.", 3, None, True, Decimal(-1), 0.0, TIME, [['a"\\b', None, 1]], []),
]


def test_copied_values_are_those_that_were_sent(database: str) -> None:
    with psycopg.connect(database) as connection:
        connection.execute("""CREATE TEMP TABLE copied (a text, b text, c integer, d bigint, e boolean, f numeric,
            g float8, h timestamptz, i jsonb, j bigint[])""")
        with connection.cursor().copy(copy_into("copied", "abcdefghij")) as copy:
            copy.write(copied_rows([_sent(*row) for row in ROWS]))
        assert connection.execute("SELECT * FROM copied").fetchall() == ROWS


def _sent(*row: Any) -> tuple[Any, ...]:
    document, numbers = row[8:]
    return (
        *row[:8],
        document if document is None else tuple(map(tuple, document)),
        None if numbers is None else int_array(numbers),
    )


def test_members_of_enumerations_are_copied_as_their_values() -> None:
    assert copied_rows([(PartyKind.ALLIANCE,)]) == b'"alliance"\n'


def test_no_rows_are_no_text() -> None:
    assert not copied_rows([])
