import asyncio
import json
from typing import Any

import psycopg
import pytest
from seeded import DELAY, QUIET, Seeded, at, battle_id

from battle_close.handler import handle
from battle_close.store import CLOSE, Store
from battlescope_events.catalog import BATTLE_ENDED, TICK
from battlescope_events.errors import TransientError
from battlescope_events.messages import Event
from battlescope_events.publisher import Publish, RecordingPublisher

pytestmark = pytest.mark.postgres
ENOUGH = QUIET + DELAY


class Deaf:
    async def __call__(self, _: object) -> None:
        raise TransientError("nobody listens")


async def tick(store: Store, publish: Publish | None = None, delay: int = DELAY) -> list[dict[str, Any]]:
    """What one tick says."""
    recorder = RecordingPublisher()
    event = Event(TICK, "t", "timer", None, {})
    await handle(event, store=store, publish=publish or recorder, feed_delay=delay)
    return [{"id": message.id, "headers": message.headers, **json.loads(message.body)} for message in recorder.messages]


async def test_a_quiet_battle_is_closed_and_its_end_said(store: Store, seeded: Seeded) -> None:
    seeded.battle(1, 0, revision=4)
    seeded.mail(60)
    (said,) = await tick(store)
    ended = BATTLE_ENDED.data.validate_json(json.dumps(said))
    assert (ended.battle_id, ended.revision, ended.end_time) == (battle_id(1), 4, at(0))
    assert (ended.total_kills, str(ended.total_isk_destroyed), ended.participant_count) == (5, "1234567.50", 7)
    assert (said["headers"]["ce-source"], said["headers"]["ce-subject"]) == ("battle-close", battle_id(1))
    assert (seeded.status(1), seeded.waiting()) == ("closed", 0)


@pytest.mark.parametrize(
    ("seconds", "status"),
    [(ENOUGH - 0.001, "open"), (ENOUGH, "open"), (ENOUGH + 0.001, "closed")],
    ids=["just before", "to the moment", "just after"],
)
async def test_silence_must_be_longer_than_quiet_and_delay_together(
    store: Store, seeded: Seeded, seconds: float, status: str
) -> None:
    seeded.battle(1, 0)
    seeded.mail(0, seconds=seconds)
    await tick(store)
    assert seeded.status(1) == status


async def test_each_battle_has_its_own_quiet_limit_and_the_delay_is_a_setting(store: Store, seeded: Seeded) -> None:
    seeded.battle(1, 0, quiet=600)
    seeded.battle(2, 0, quiet=1800)
    seeded.mail(0, seconds=1801)
    await tick(store)
    assert (seeded.status(1), seeded.status(2)) == ("closed", "open")
    await tick(store, delay=0)
    assert seeded.status(2) == "closed"


async def test_only_live_mails_move_the_watermark(store: Store, seeded: Seeded) -> None:
    seeded.battle(1, 0)
    assert await tick(store) == []
    seeded.mail(500, historical=True)
    seeded.mail(5)
    assert await tick(store) == []
    seeded.mail(60)
    assert len(await tick(store)) == 1


async def test_the_clock_on_the_wall_closes_nothing(store: Store, seeded: Seeded) -> None:
    """The evening is long ago, but the feed has not gone further: the fight may go on in the next mail."""
    seeded.battle(1, 0)
    seeded.mail(0)
    assert await tick(store, delay=0) == []


async def test_only_open_battles_that_are_still_there_end(store: Store, seeded: Seeded) -> None:
    seeded.battle(1, 0, status="historical")
    seeded.battle(2, 0, status="closed")
    seeded.battle(3, 0)
    seeded.connection.execute("UPDATE battles SET deleted_at = now() WHERE id = %s", (battle_id(3),))
    seeded.mail(60)
    assert await tick(store) == []
    assert [seeded.status(number) for number in (1, 2, 3)] == ["historical", "closed", "open"]


async def test_a_second_tick_says_nothing(store: Store, seeded: Seeded) -> None:
    seeded.battle(1, 0)
    seeded.mail(60)
    assert [len(await tick(store)) for _ in range(2)] == [1, 0]


async def test_a_late_mail_opens_it_again_and_the_next_end_is_another_event(store: Store, seeded: Seeded) -> None:
    seeded.battle(1, 0)
    seeded.mail(60)
    (first,) = await tick(store)
    seeded.battle(1, 45, revision=2)
    assert await tick(store) == []
    assert seeded.status(1) == "open"
    seeded.mail(64)
    (second,) = await tick(store)
    assert (first["revision"], second["revision"], second["endTime"]) == (1, 2, "2026-03-01T18:45:00Z")
    assert first["id"] != second["id"]


async def test_what_a_deaf_broker_did_not_take_is_said_by_the_next_tick(store: Store, seeded: Seeded) -> None:
    seeded.battle(1, 0)
    seeded.mail(60)
    with pytest.raises(TransientError):
        await tick(store, Deaf())
    assert (seeded.status(1), seeded.waiting()) == ("closed", 1)
    told = seeded.connection.execute("SELECT headers ->> 'ce-id' FROM outbox").fetchone()
    (said,) = await tick(store)
    assert (said["id"],) == told
    assert seeded.waiting() == 0


async def test_more_than_fit_into_one_transaction_are_all_closed(store: Store, seeded: Seeded) -> None:
    for number in range(1, 1204):
        seeded.battle(number, number / 1000)
    seeded.mail(60)
    said = await tick(store)
    assert {each["battleId"] for each in said} == {battle_id(number) for number in range(1, 1204)}
    assert seeded.waiting() == 0


async def test_ticks_at_the_same_time_close_each_battle_once(store: Store, seeded: Seeded) -> None:
    for number in range(1, 1204):
        seeded.battle(number, 0)
    seeded.mail(60)
    together = await asyncio.gather(*(tick(store) for _ in range(3)))
    assert sorted(each["battleId"] for said in together for each in said) == [battle_id(n) for n in range(1, 1204)]


async def test_a_battle_that_is_being_changed_is_left_to_the_next_tick(store: Store, seeded: Seeded) -> None:
    seeded.battle(1, 0)
    seeded.battle(2, 0)
    seeded.mail(60)
    with seeded.connection.transaction():
        seeded.battle(1, 50, revision=2)
        said = await asyncio.wait_for(tick(store), 60)
    assert [each["battleId"] for each in said] == [battle_id(2)]
    assert await tick(store) == []
    assert seeded.status(1) == "open"


# Holds the statement up at the first row it looks at, when its snapshot is long taken.
HOLD_UP = """
CREATE SCHEMA slow;
GRANT USAGE ON SCHEMA slow TO "battle-close";
CREATE FUNCTION slow.make_interval(secs double precision) RETURNS interval LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock_shared(1);
    RETURN pg_catalog.make_interval(secs => secs);
END $$
"""


@pytest.mark.parametrize(
    ("last", "closed"), [(50, []), (1, [(battle_id(1), 2)])], ids=["goes on", "is over all the same"]
)
async def test_a_battle_changed_while_the_statement_runs_is_judged_as_it_then_is(
    store: Store, seeded: Seeded, last: float, closed: list[tuple[str, int]]
) -> None:
    seeded.battle(1, 0)
    seeded.mail(60)
    seeded.connection.execute(HOLD_UP)
    async with store.transaction() as tx:
        await tx._connection.execute("SET LOCAL search_path = slow, pg_catalog, public")
        with seeded.connection.transaction():
            seeded.connection.execute("SELECT pg_advisory_xact_lock(1)")
            closing = asyncio.create_task(tx.close(DELAY))
            await until_somebody_waits(seeded)
            seeded.battle(1, last, revision=2)
        found = await closing
    assert [(battle.id, battle.revision) for battle in found] == closed


async def until_somebody_waits(seeded: Seeded) -> None:
    waiting = "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
    for _ in range(6000):
        if seeded.connection.execute(waiting).fetchone():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("The statement does not wait")


async def test_the_guard_counts_attempts_and_remembers_what_was_handled(store: Store) -> None:
    first, second = await store.attempt("timer", "1"), await store.attempt("timer", "1")
    await store.mark_processed("timer", "1")
    third = await store.attempt("timer", "1")
    assert [first.number, second.number, third.number] == [1, 2, 3]
    assert [first.mark_processed, second.mark_processed, third.mark_processed] == [False, False, True]


async def test_a_database_that_is_gone_is_a_passing_fault(store: Store, database: str, server: str) -> None:
    await store.ready()
    name = database.rpartition("/")[2].partition("?")[0]
    with psycopg.connect(f"postgres://postgres@{server}/postgres", autocommit=True) as admin:
        admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
    with pytest.raises(TransientError, match="The battle database does not answer"):
        await tick(store)


def read(plan: dict[str, Any]) -> list[tuple[str, str, float]]:
    """Every table that a plan reads: how, and how many rows it met there."""
    deeper = [row for child in plan.get("Plans", []) for row in read(child)]
    if "Relation Name" not in plan or "Scan" not in plan["Node Type"]:
        return deeper
    return [(plan["Relation Name"], plan["Node Type"], plan["Actual Rows"] + plan.get("Rows Removed by Filter", 0))]


async def test_a_tick_reads_one_mail_and_the_open_battles_however_much_is_stored(database: str, seeded: Seeded) -> None:
    """Half of the mails were back-filled and are newer than every live one."""
    seeded.connection.execute(
        "INSERT INTO mails (killmail_id, system_id, region_id, security_type, occurred_at, value, historical, body)"
        " SELECT n, 1, 1, 'highsec', '2026-03-01'::timestamptz + n * interval '1 second', 1, n > 10000, ''"
        " FROM generate_series(1, 20000) AS n"
    )
    seeded.connection.execute(
        "INSERT INTO battles (id, system_id, region_id, security_type, start_time, end_time, last_killmail_at, status,"
        " tier, total_kills, total_participants, total_isk_destroyed, zkill_related_url, is_decisive, revision)"
        " SELECT gen_random_uuid(), 1, 1, 'highsec', t, t, t, CASE WHEN n > 30 THEN 'closed' ELSE 'open' END,"
        " 'skirmish', 2, 2, 1, '', false, 1"
        " FROM generate_series(1, 5000) AS n, (SELECT '2026-03-01'::timestamptz AS t) AS start"
    )
    seeded.connection.execute("VACUUM ANALYZE mails, battles")
    for mode in ("force_custom_plan", "force_generic_plan"):
        async with await psycopg.AsyncConnection.connect(database) as connection:
            await connection.execute(f"SET plan_cache_mode = {mode}")
            explained = f"EXPLAIN (ANALYZE, FORMAT JSON) {CLOSE}"
            cursor = await connection.execute(explained, {"feed_delay": DELAY}, prepare=True)
            row = await cursor.fetchone()
            await connection.rollback()
        assert row is not None
        met = read(row[0][0]["Plan"])
        assert [how for _, how, _ in met if how == "Seq Scan"] == []
        assert [rows for table, _, rows in met if table == "mails"] == [1]
        assert max(rows for table, _, rows in met if table == "battles") == 30
