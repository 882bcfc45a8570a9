"""Completing the name of a system reads systems, not the names of everybody."""

import psycopg
import pytest
from pydantic import SecretStr

from battlescope_events.postgres.database import open_pool
from battlescope_local.testing.databases import Databases
from search_api.main import CONNECTION_OPTIONS
from search_api.repositories.names import BY_BEGINNING, BY_NEAR_BEGINNING, BY_WORDS

pytestmark = pytest.mark.postgres
FILL = """
INSERT INTO entities (entity_type, entity_id, entity_name, named_at, folded_name, compact_name, is_searchable,
    last_seen_at)
SELECT kind, n, name, now(), name, name, true, now()
FROM (SELECT CASE WHEN n <= 500 THEN 'system' ELSE 'character' END AS kind, n, md5(n::text) AS name
    FROM generate_series(1, 10000) AS n) AS named
"""
PARAMS = {
    "text": "ab12c",
    "words": "'ab12c':*",
    "is_ticker": False,
    "edits": 1,
    "kinds": ["system"],
    "now": "2026-03-01T00:00:00Z",
    "limit": 10,
    "length": 5,
    "beginnings": [f"a{letter}12c" for letter in "abcdefghijklmnopqrstuvwxyz"],
}


async def test_systems_are_completed_by_an_index_of_their_own(databases: Databases) -> None:
    made = databases.clone("battlescope_search")
    with psycopg.connect(made.owner, autocommit=True) as connection:
        connection.execute(FILL)
        connection.execute("ANALYZE")
    url = SecretStr(made.url("search-api"))
    async with open_pool(url, "tests", max_size=1, options=CONNECTION_OPTIONS) as pool, pool.connection() as connection:
        for statement, index in (
            (BY_BEGINNING, "entities_places_by_name"),
            (BY_NEAR_BEGINNING, "entities_places_by_name"),
            (BY_WORDS, "entities_places_by_words"),
        ):
            plan = "\n".join(await connection.column(f"EXPLAIN {statement}", PARAMS))
            assert index in plan
            assert "Seq Scan on entities" not in plan
    databases.drop(made)
