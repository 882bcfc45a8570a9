"""Rows, attempts and names on a real PostgreSQL."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from psycopg_pool import AsyncConnectionPool

from battlescope_events.publisher import RecordingPublisher
from battlescope_schemas.enriched import EnrichedAttacker, EnrichedKillmail, EnrichedVictim
from battlescope_schemas.entity import EntityType
from battlescope_schemas.universe import SecurityType
from killmail_enrich.errors import Unavailable, Unusable
from killmail_enrich.names.model import Name
from killmail_enrich.names.repository import NameStore
from killmail_enrich.names.service import NameService
from killmail_enrich.persistence.killmails import Saved, Store

pytestmark = pytest.mark.postgres
NOW = datetime(2026, 11, 1, 21, tzinfo=UTC)
VERA, MATE, CORPORATION = 90000001, 90000002, 98000001


def mail(killmail_id: int = 1, **changes: Any) -> EnrichedKillmail:
    fields: dict[str, Any] = {
        "killmail_id": killmail_id,
        "zkb_hash": "a" * 40,
        "killmail_time": datetime(2026, 11, 1, 20, tzinfo=UTC),
        "system_id": 30000001,
        "system_name": "Tanoo",
        "constellation_id": 20000001,
        "region_id": 10000001,
        "region_name": "Derelik",
        "security_type": SecurityType.HIGHSEC,
        "security_status": 0.86,
        "zkb_total_value": Decimal("12345678901234.56"),
        "zkb_url": "https://zkillboard.com/kill/1/",
        "victim": EnrichedVictim(character_id=VERA, ship_type_id=587, damage_taken=5),
        "attackers": (
            EnrichedAttacker(character_id=MATE, corporation_id=CORPORATION, corporation_name="One", final_blow=True),
            EnrichedAttacker(character_id=VERA, damage_done=3),
        ),
        "attacker_count": 2,
        "archive_key": "pack#0+1",
    }
    return EnrichedKillmail(**fields | changes)


def saved(killmail_id: int = 1, missing: tuple[int, ...] = (), stale: tuple[int, ...] = (), **changes: Any) -> Saved:
    return Saved(mail(killmail_id, **changes), missing, stale, NOW, 7)


async def fetch(pool: AsyncConnectionPool, query: str) -> list[Any]:
    async with pool.connection() as connection:
        return await (await connection.execute(query)).fetchall()


async def save_all(pool: AsyncConnectionPool, *batch: Saved) -> None:
    for one in batch:
        await Store(pool).save(one)


async def test_a_mail_is_stored_whole_and_saving_it_again_changes_nothing(pool: AsyncConnectionPool) -> None:
    store = Store(pool)
    await store.save(saved())
    await store.save(saved())
    (row,) = await fetch(
        pool,
        "SELECT zkb_total_value, victim_character_id, victim_damage_taken, ship_type_id, attacker_data, version, "
        "enriched_at, security_type, source FROM enriched_killmails",
    )
    assert row[:4] == (Decimal("12345678901234.56"), VERA, 5, 587)
    assert row[4][0] == {
        "characterId": str(MATE),
        "corporationId": str(CORPORATION),
        "corporationName": "One",
        "damageDone": 0,
        "finalBlow": True,
    }
    assert row[5:] == (1, NOW, "highsec", "live")
    await store.save(saved(zkb_points=5))
    assert await fetch(pool, "SELECT zkb_points, version FROM enriched_killmails") == [(5, 2)]


async def test_a_known_name_is_not_lost_when_the_mail_comes_again_without_it(pool: AsyncConnectionPool) -> None:
    store = Store(pool)
    await store.save(saved(victim=EnrichedVictim(character_id=VERA, character_name="Vera")))
    await store.save(saved(missing=(VERA,)))
    assert await fetch(pool, "SELECT victim_character_name FROM enriched_killmails") == [("Vera",)]


async def test_what_fits_no_column_is_refused_for_good(pool: AsyncConnectionPool) -> None:
    with pytest.raises(Unusable, match="cannot hold"):
        await Store(pool).save(saved(victim=EnrichedVictim(damage_taken=2**70)))


async def test_attempts_are_counted_per_source_and_event(pool: AsyncConnectionPool) -> None:
    store = Store(pool)
    counts = [await store.attempt("s", "1"), await store.attempt("s", "1"), await store.attempt("other", "1")]
    assert counts == [(1, False), (2, False), (1, False)]
    await store.handled([("s", "1"), ("s", "never begun")])
    assert await store.attempt("s", "1") == (3, True)
    async with pool.connection() as connection:
        await connection.execute("UPDATE event_attempts SET last_at = now() - interval '8 days' WHERE source = 's'")
    await store.forget_old_events()
    assert await fetch(pool, "SELECT source FROM event_attempts") == [("other",)]


async def test_a_database_that_is_away_is_said_so() -> None:
    pool = AsyncConnectionPool("postgresql://x@127.0.0.1:1/x", min_size=0, max_size=1, timeout=0.1, open=False)
    async with pool:
        with pytest.raises(Unavailable, match="does not answer"):
            await Store(pool).ready()


class NoCache:
    async def put(self, names: object) -> None: ...


class Registry:
    """An ESI that knows these names; the real client has tests of its own."""

    def __init__(self, **names: str | None) -> None:
        self.known = names

    async def names(self, entity_ids: Any) -> dict[int, Name]:
        kind = EntityType.CHARACTER
        return {i: Name(i, kind, self.known[f"id{i}"], NOW.timestamp()) for i in entity_ids if f"id{i}" in self.known}


Keep = Callable[..., NameService]


@pytest.fixture
def said() -> RecordingPublisher:
    return RecordingPublisher()


@pytest.fixture
def keeper(pool: AsyncConnectionPool, said: RecordingPublisher) -> Keep:
    def make(**names: str | None) -> NameService:
        return NameService(Registry(**names), NameStore(pool), NoCache(), said, NOW.timestamp)

    return make


async def test_the_timer_names_the_mails_that_wait_and_tells_it_once(
    pool: AsyncConnectionPool, keeper: Keep, said: RecordingPublisher
) -> None:
    await save_all(pool, saved(1, missing=(VERA, MATE)), saved(2, missing=(VERA,)))
    for _ in range(2):
        await keeper(**{f"id{VERA}": "Vera", f"id{MATE}": "Mate"}).resolve_pending()
    rows = await fetch(
        pool,
        "SELECT victim_character_name, attacker_data->0->>'characterName', attacker_data->1->>'characterName', "
        "attacker_data->0->>'corporationName' FROM enriched_killmails ORDER BY killmail_id",
    )
    assert rows[0] == ("Vera", "Mate", "Vera", "One")
    assert rows[1] == ("Vera", "Mate", "Vera", "One")
    assert sorted(message.headers["ce-subject"] for message in said.messages) == [
        f"character:{VERA}",
        f"character:{MATE}",
    ]
    assert await fetch(pool, "SELECT * FROM wanted_names") == []
    assert await fetch(pool, "SELECT * FROM outbox") == []


async def test_what_could_not_be_said_is_said_the_next_time_as_the_same_event(
    pool: AsyncConnectionPool, keeper: Keep, said: RecordingPublisher
) -> None:
    async def deaf(_: object) -> None:
        raise ConnectionError

    await Store(pool).save(saved(missing=(VERA,)))
    broken = replace(keeper(**{f"id{VERA}": "Vera"}), publish=deaf)
    for _ in range(2):
        with pytest.raises(ConnectionError):
            await broken.resolve_pending()
    await keeper().flush_outbox()
    assert [message.headers["ce-type"] for message in said.messages] == ["com.battlescope.entity.updated.v1"]
    assert await fetch(pool, "SELECT * FROM outbox") == []


async def test_whom_the_game_does_not_know_is_no_longer_looked_for(
    pool: AsyncConnectionPool, keeper: Keep, said: RecordingPublisher
) -> None:
    await Store(pool).save(saved(missing=(VERA,)))
    await keeper(**{f"id{VERA}": None}).resolve_pending()
    assert await fetch(pool, "SELECT * FROM wanted_names") == []
    assert await fetch(pool, "SELECT entity_name FROM entity_names") == [(None,)]
    assert said.messages == []


async def test_who_cannot_be_asked_about_now_stays_wanted(pool: AsyncConnectionPool, keeper: Keep) -> None:
    await Store(pool).save(saved(missing=(VERA, MATE)))
    await keeper(**{f"id{MATE}": "Mate"}).resolve_pending()
    assert await fetch(pool, "SELECT entity_id FROM wanted_names") == [(VERA,)]


async def test_a_new_name_is_told_and_old_kills_keep_theirs(
    pool: AsyncConnectionPool, keeper: Keep, said: RecordingPublisher
) -> None:
    old = Name(VERA, EntityType.CHARACTER, "Vera", NOW.timestamp() - 2 * 86400)
    await keeper().keep([old])
    assert said.messages == []
    await Store(pool).save(saved(stale=(VERA,), victim=EnrichedVictim(character_id=VERA, character_name="Vera")))
    await keeper(**{f"id{VERA}": "Vera Renamed"}).resolve_pending()
    assert b'"entityName":"Vera Renamed"' in said.messages[0].body
    assert len(said.messages) == 1
    assert await fetch(pool, "SELECT victim_character_name FROM enriched_killmails") == [("Vera",)]
    assert (await NameStore(pool).known([VERA]))[VERA].name == "Vera Renamed"


async def test_a_refresh_without_change_is_no_news(
    pool: AsyncConnectionPool, keeper: Keep, said: RecordingPublisher
) -> None:
    await keeper().keep([Name(VERA, EntityType.CHARACTER, "Vera", NOW.timestamp() - 2 * 86400)])
    await Store(pool).save(saved(stale=(VERA,)))
    await keeper(**{f"id{VERA}": "Vera"}).resolve_pending()
    assert said.messages == []
    assert (await NameStore(pool).known([VERA]))[VERA].fetched_at == NOW.timestamp()


async def test_two_timers_at_once_do_the_work_once(pool: AsyncConnectionPool) -> None:
    names = NameStore(pool)
    async with names.single_flight() as first, names.single_flight() as second:
        assert (first, second) == (True, False)


async def test_an_older_answer_replaces_nothing_and_is_no_news(
    pool: AsyncConnectionPool, keeper: Keep, said: RecordingPublisher
) -> None:
    for name, at in (("New", 100.0), ("Old", 50.0)):
        await keeper().keep([Name(VERA, EntityType.CHARACTER, name, at)])
    await keeper().flush_outbox()
    assert (await NameStore(pool).known([VERA]))[VERA].name == "New"
    assert said.messages == []
