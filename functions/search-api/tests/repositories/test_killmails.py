"""A text that names a large alliance reads as many killmails as are counted, from the end at which the order begins."""

from collections.abc import AsyncGenerator, Iterator

import psycopg
import pytest
from pydantic import SecretStr

from battlescope_events.postgres.database import open_pool
from battlescope_local.testing.databases import Database, Databases
from search_api.domain.named import NamedKind
from search_api.domain.searches import MAX_TOTAL, Direction, KillmailOrder, KillmailSearch, NamedPart, Page, TextFilter
from search_api.main import CONNECTION_OPTIONS
from search_api.repositories.killmails import KillmailRepository

pytestmark = pytest.mark.postgres
ALLIANCE, PILOT, HOLE, OTHER = 99_000_001, 90_000_001, 31_000_001, 30_000_142
COUNT = MAX_TOTAL + 500
# The older a killmail the more it is worth; the first one was in another system, with another pilot.
FILL = """
INSERT INTO killmails (killmail_id, killmail_time, system_id, victim_alliance_id, attacker_character_ids,
    attacker_corporation_ids, attacker_alliance_ids, attacker_ship_type_ids, attacker_count, total_value, is_npc,
    is_solo)
SELECT n, '2026-03-01'::timestamptz + n * interval '1 second', CASE n WHEN 1 THEN %(hole)s ELSE %(other)s END,
    CASE WHEN n %% 2 = 0 THEN %(alliance)s END, ARRAY[CASE n WHEN 1 THEN %(pilot)s END]::bigint[], '{}',
    ARRAY[CASE WHEN n %% 2 = 1 THEN %(alliance)s END]::bigint[], '{}', 1, %(count)s - n, false, false
FROM generate_series(1, %(count)s) AS n
"""
SYSTEMS = """
INSERT INTO solar_systems VALUES (31000001, 'J115422', 1, 'C', 11000003, 'C-R00003', 'wormhole', -1, 3, 'Pulsar'),
    (30000142, 'Jita', 2, 'Kimotoro', 10000002, 'The Forge', 'highsec', 0.9, NULL, NULL)
"""


def text(*parts: tuple[NamedKind, int]) -> TextFilter:
    return TextFilter(tuple(NamedPart(kind, id_, number, 30) for number, (kind, id_) in enumerate(parts)), len(parts))


OF_ALLIANCE = text((NamedKind.ALLIANCE, ALLIANCE))


@pytest.fixture(scope="module")
def crowded(databases: Databases) -> Iterator[Database]:
    made = databases.clone("battlescope_search")
    with psycopg.connect(made.owner, autocommit=True) as connection:
        ids = {"alliance": ALLIANCE, "pilot": PILOT, "hole": HOLE, "other": OTHER, "count": COUNT}
        connection.execute(SYSTEMS)
        connection.execute(FILL, ids)
        connection.execute("ANALYZE")
    yield made
    databases.drop(made)


@pytest.fixture
async def killmails(crowded: Database) -> AsyncGenerator[KillmailRepository]:
    url = SecretStr(crowded.url("search-api"))
    async with open_pool(url, "tests", max_size=1, options=CONNECTION_OPTIONS) as pool, pool.connection() as connection:
        yield KillmailRepository(connection)


@pytest.mark.parametrize(
    ("order", "direction", "first"),
    [
        (KillmailOrder.TIME, Direction.DESC, COUNT),
        (KillmailOrder.TIME, Direction.ASC, 1),
        (KillmailOrder.VALUE, Direction.DESC, COUNT - MAX_TOTAL + 1),
        (KillmailOrder.VALUE, Direction.ASC, COUNT),
    ],
)
async def test_a_text_reads_killmails_up_to_the_largest_total(
    killmails: KillmailRepository, order: KillmailOrder, direction: Direction, first: int
) -> None:
    page = Page(limit=2)
    found = await killmails.page(KillmailSearch(text=OF_ALLIANCE, order=order, direction=direction, page=page))
    assert found.hits[0].document.id == str(first)
    assert (len(found.hits), found.total) == (2, MAX_TOTAL)
    assert sum(value.count for value in found.facets["region"]) == MAX_TOTAL


@pytest.mark.parametrize("part", [(NamedKind.SYSTEM, HOLE), (NamedKind.CHARACTER, PILOT)])
async def test_an_old_killmail_is_found_by_what_only_it_has(
    killmails: KillmailRepository, part: tuple[NamedKind, int]
) -> None:
    found = await killmails.page(KillmailSearch(text=text((NamedKind.ALLIANCE, ALLIANCE), part)))
    (hit,) = found.hits
    assert (hit.document.id, hit.document.system_class, found.total) == ("1", 3, 1)
    assert (hit.matched, hit.relevance) == (frozenset({(NamedKind.ALLIANCE, ALLIANCE), part}), 60.0)


async def test_all_of_a_region_are_found_beside_what_is_named(killmails: KillmailRepository) -> None:
    both = TextFilter(text((NamedKind.CHARACTER, PILOT)).named, 1, region_ids=(11_000_003,))
    (hit,) = (await killmails.page(KillmailSearch(text=both))).hits
    assert (hit.document.id, hit.relevance) == ("1", 30.0)
    (hit,) = (await killmails.page(KillmailSearch(text=TextFilter(region_ids=(11_000_003,))))).hits
    assert (hit.document.id, hit.relevance, hit.matched) == ("1", 1.0, frozenset())


async def test_a_text_that_means_nothing_finds_no_killmail(killmails: KillmailRepository) -> None:
    assert (await killmails.page(KillmailSearch(text=TextFilter(words=("nothing",))))).total == 0
