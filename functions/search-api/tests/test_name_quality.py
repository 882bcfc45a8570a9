"""300 misspelled, shortened and foreign queries of real names: the right one is first, or among the first five.

Right is what a search through all names by the definition puts first (`name_queries.py`). The queries are fixed by
their seed, and are never drawn again because of a result.
"""

import time
from collections import Counter
from collections.abc import AsyncGenerator, Iterator
from datetime import UTC, datetime
from typing import Final

import psycopg
import pytest
from name_queries import COUNTS, Reference, draw
from pydantic import SecretStr
from real_names import needs_real_days, real_names

from battlescope_events.postgres.database import Database as OpenDatabase
from battlescope_events.postgres.database import open_pool
from battlescope_local.testing.databases import Database, Databases
from search_api.domain.search_text import read_search_text
from search_api.main import CONNECTION_OPTIONS
from search_api.repositories.engine import PostgresEngine
from search_api.services.names import NameSearch

pytestmark = needs_real_days
SEEN: Final = datetime(2021, 11, 30, tzinfo=UTC)
COPY: Final = """
COPY entities (entity_type, entity_id, entity_name, ticker, named_at, folded_name, compact_name, compact_ticker,
    is_searchable, battle_count, last_seen_at) FROM STDIN
"""


@pytest.fixture(scope="module")
def database(databases: Databases) -> Iterator[Database]:
    made = databases.clone("battlescope_search")
    with psycopg.connect(made.owner) as connection, connection.cursor() as cursor:
        with cursor.copy(COPY) as copy:
            for n in real_names():
                copy.write_row(
                    (n.kind, n.id, n.name, n.ticker or None, SEEN, n.folded, n.compact, n.compact_ticker or None, True,
                     n.activity, SEEN)
                )  # fmt: skip
        connection.commit()
        connection.autocommit = True
        connection.execute("VACUUM ANALYZE entities")
    yield made
    databases.drop(made)


@pytest.fixture
async def names(database: Database) -> AsyncGenerator[NameSearch]:
    async with open_pool(
        SecretStr(database.url("search-api")), "search-api", max_size=2, options=CONNECTION_OPTIONS
    ) as pool:
        engine = PostgresEngine(OpenDatabase(pool, "search"))
        yield NameSearch(engine, None, lambda: SEEN, engine.regions)


async def test_right_name_is_first_of_300_real_queries(names: NameSearch) -> None:
    every = real_names()
    reference = Reference(every)
    first, among_five, drawn = Counter[str](), Counter[str](), Counter[str]()
    missed: list[str] = []
    seconds = 0.0
    for query in draw(every):
        text = read_search_text(query.q)
        begun = time.perf_counter()
        found = await names.find(text, (query.target.kind,), 5)
        seconds += time.perf_counter() - begun
        ids = [hit.document.id for hit in found.of(query.target.kind)]
        right = reference.best(query, text.words, text.compact, 1)
        first[query.sort] += ids[:1] == right
        among_five[query.sort] += not right or right[0] in ids
        drawn[query.sort] += query.target.id in ids
        if ids[:1] != right:
            missed.append(f"{query.sort}: {query.q!r} of {query.target.name!r}, found {ids}, right {right}")
    total = sum(COUNTS.values())
    print(f"first {dict(first)}, among five {dict(among_five)}, drawn one among five {dict(drawn)}, of {COUNTS}")
    print(f"{len(every)} names, {seconds / total * 1000:.1f} ms a query", *missed, sep="\n")
    assert first.total() >= 0.95 * total, missed
    assert among_five.total() >= 0.99 * total, missed
