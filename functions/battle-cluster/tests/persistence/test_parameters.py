"""Values reach their columns as they are, by COPY as by JSON."""

from datetime import UTC, datetime
from decimal import Decimal

import psycopg
import pytest

from battle_cluster.domain.killmail import PartyKind
from battle_cluster.persistence.parameters import copy_text, int_array

pytestmark = pytest.mark.postgres
TIME = datetime(2026, 3, 1, 18, 0, tzinfo=UTC)
ROWS = [
    ("back\\slash", "tab\tnew\nline\r", 1, None, True, Decimal("1.50"), 0.25, TIME, [[1, 2, None]], [3, 4]),
    ("\\N", "", -1, 2, False, Decimal(0), 1e-9, TIME, [], []),
]


def test_copied_values_are_those_that_were_sent(database: str) -> None:
    with psycopg.connect(database) as connection:
        connection.execute("""CREATE TEMP TABLE copied (a text, b text, c integer, d bigint, e boolean, f numeric,
            g float8, h timestamptz, i jsonb, j bigint[])""")
        with connection.cursor().copy("COPY copied FROM STDIN") as copy:
            copy.write(copy_text((*row[:8], tuple(map(tuple, row[8])), int_array(row[9])) for row in ROWS))
        assert connection.execute("SELECT * FROM copied").fetchall() == ROWS


def test_members_of_enumerations_are_copied_as_their_values() -> None:
    assert copy_text([(PartyKind.ALLIANCE,)]) == "alliance\n"


def test_no_rows_are_no_text() -> None:
    assert not copy_text([])
