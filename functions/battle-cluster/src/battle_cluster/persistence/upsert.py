"""Statements that write rows, built once at import from the fields of the row's type: a column is named in one place.

The rows of a table are one JSON parameter, named like the table, so a statement is static whatever their number.
"""

from collections.abc import Iterable, Sequence
from typing import LiteralString, cast

from psycopg.sql import SQL, Composable, Composed, Identifier, Placeholder


def upsert(
    table: LiteralString, columns: Sequence[str], key: Sequence[str] = (), *, and_set: LiteralString = ""
) -> LiteralString:
    """Insert rows; a row whose key exists is overwritten, and `and_set` too. Without a key a duplicate is an error."""
    on_conflict: Composable = SQL("")
    if key:
        assignments = [SQL("{0} = excluded.{0}").format(Identifier(column)) for column in columns if column not in key]
        on_conflict = SQL(" ON CONFLICT ({}) DO UPDATE SET {}{}").format(
            _names(key), SQL(", ").join(assignments), SQL(and_set)
        )
    return _text(
        SQL("INSERT INTO {} ({}) SELECT {} FROM {}{}").format(
            Identifier(table), _names(columns), _names(columns), _rows(table), on_conflict
        )
    )


def copy_into(table: LiteralString, columns: Sequence[str]) -> LiteralString:
    """Insert rows as `parameters.copied_rows` writes them; a duplicate is an error."""
    statement = SQL("COPY {} ({}) FROM STDIN (FORMAT csv, NULL 'null', ESCAPE '\\')")
    return _text(statement.format(Identifier(table), _names(columns)))


def delete(table: LiteralString, key: Sequence[str], nullable: Sequence[str] = ()) -> LiteralString:
    """Delete rows by key; of the columns of the key, `nullable` can be null."""
    equal = [SQL("kept.{0} = gone.{0}").format(Identifier(column)) for column in key]
    equal += [SQL("kept.{0} IS NOT DISTINCT FROM gone.{0}").format(Identifier(column)) for column in nullable]
    return _text(
        SQL("DELETE FROM {} AS kept USING {} AS gone WHERE {}").format(
            Identifier(table), _rows(table), SQL(" AND ").join(equal)
        )
    )


def all_of(statements: Iterable[LiteralString], last: LiteralString) -> LiteralString:
    """One statement that executes them all and returns the rows of the last one."""
    parts = [
        SQL("{} AS ({})").format(Identifier(f"part_{number}"), SQL(statement))
        for number, statement in enumerate(statements, 1)
    ]
    return _text(SQL("WITH {} {}").format(SQL(", ").join(parts), SQL(last)))


def _names(columns: Iterable[str]) -> Composed:
    return SQL(", ").join(map(Identifier, columns))


def _rows(table: LiteralString) -> Composed:
    return SQL("json_populate_recordset(NULL::{}, {}::json)").format(Identifier(table), Placeholder(table))


def _text(statement: Composed) -> LiteralString:
    """As text: composing it again at each execution would cost as much as the smaller statements."""
    return cast("LiteralString", statement.as_string())
