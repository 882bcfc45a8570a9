"""Which battles a timer event closes, and the events that it publishes."""

import asyncio
import json
from typing import Any

import pytest
from battle_seeder import DELAY, GAP, BattleSeeder, at, battle_id
from published_ends import ends_of

from battle_close.handler import handle
from battle_close.store import BattleRepository
from battlescope_events.catalog import BATTLE_ENDED, TIMER
from battlescope_events.errors import TransientError
from battlescope_events.messages import Event
from battlescope_events.postgres.database import Database
from battlescope_events.postgres.outbox import Outbox
from battlescope_events.publisher import Publish, RecordingPublisher
from battlescope_local.testing.databases import Database as Clone
from battlescope_local.testing.databases import Databases

pytestmark = pytest.mark.postgres
LIMIT = GAP + DELAY


class UnavailableBroker:
    async def __call__(self, _: object) -> None:
        raise TransientError("the Broker does not answer")


async def run(database: Database, publish: Publish | None = None, delay: int = DELAY) -> list[dict[str, Any]]:
    """Process one timer event; returns the published events."""
    recorder = RecordingPublisher()
    event = Event(TIMER, "t", "timer", None, {})
    outbox = Outbox(database, "battles")
    await handle(event, database=database, outbox=outbox, publish=publish or recorder, feed_delay=delay)
    return [
        {"id": end.id, "headers": message.headers, **json.loads(end.data.model_dump_json(exclude_none=True))}
        for message in recorder.messages
        for end in ends_of(message)
    ]


async def test_inactive_battle_is_closed_and_its_end_published(
    function_database: Database, seeded: BattleSeeder
) -> None:
    seeded.battle(1, 0, revision=4)
    seeded.killmail(60)
    (event,) = await run(function_database)
    ended = BATTLE_ENDED.data.validate_json(json.dumps(event))
    assert (ended.battle_id, ended.revision, ended.end_time) == (battle_id(1), 4, at(0))
    assert (ended.total_kills, str(ended.total_isk_destroyed), ended.participant_count) == (5, "1234567.50", 7)
    assert event["computedIsk"] == {"high": "1000000.50", "medium": "0.00", "low": "0.00", "killsWithoutValue": 2}
    parts = {"fitted": "900000.25", "dropped": "50000.00", "killsWithoutParts": 1, "killsWithUnpriced": 3}
    assert event["iskParts"] == parts
    assert (event["headers"]["ce-source"], event["headers"]["ce-subject"]) == ("battle-close", battle_id(1))
    assert (seeded.status(1), seeded.outbox_size()) == ("closed", 0)


@pytest.mark.parametrize(
    ("seconds", "status"),
    [(LIMIT - 0.001, "open"), (LIMIT, "open"), (LIMIT + 0.001, "closed")],
    ids=["just before", "exactly", "just after"],
)
async def test_battle_closes_after_more_than_inactivity_gap_plus_feed_delay(
    function_database: Database, seeded: BattleSeeder, seconds: float, status: str
) -> None:
    seeded.battle(1, 0)
    seeded.killmail(0, seconds=seconds)
    await run(function_database)
    assert seeded.status(1) == status


async def test_each_battle_has_its_own_gap_and_the_feed_delay_is_configured(
    function_database: Database, seeded: BattleSeeder
) -> None:
    seeded.battle(1, 0, gap=600)
    seeded.battle(2, 0, gap=1800)
    seeded.killmail(0, seconds=1801)
    await run(function_database)
    assert (seeded.status(1), seeded.status(2)) == ("closed", "open")
    await run(function_database, delay=0)
    assert seeded.status(2) == "closed"


async def test_only_live_killmails_move_the_watermark(function_database: Database, seeded: BattleSeeder) -> None:
    seeded.battle(1, 0)
    assert await run(function_database) == []
    seeded.killmail(500, historical=True)
    seeded.killmail(5)
    assert await run(function_database) == []
    seeded.killmail(60)
    assert len(await run(function_database)) == 1


async def test_wall_clock_time_closes_nothing(function_database: Database, seeded: BattleSeeder) -> None:
    """The evening is long ago, but the feed has no later killmail: the next one may belong to the battle."""
    seeded.battle(1, 0)
    seeded.killmail(0)
    assert await run(function_database, delay=0) == []


async def test_only_open_battles_that_are_not_deleted_are_closed(
    function_database: Database, seeded: BattleSeeder
) -> None:
    seeded.battle(1, 0, status="historical")
    seeded.battle(2, 0, status="closed")
    seeded.battle(3, 0)
    seeded.connection.execute("UPDATE battles SET deleted_at = now() WHERE id = %s", (battle_id(3),))
    seeded.killmail(60)
    assert await run(function_database) == []
    assert [seeded.status(number) for number in (1, 2, 3)] == ["historical", "closed", "open"]


async def test_second_timer_event_publishes_nothing(function_database: Database, seeded: BattleSeeder) -> None:
    seeded.battle(1, 0)
    seeded.killmail(60)
    assert [len(await run(function_database)) for _ in range(2)] == [1, 0]


async def test_reopened_battle_ends_with_another_event(function_database: Database, seeded: BattleSeeder) -> None:
    seeded.battle(1, 0)
    seeded.killmail(60)
    (first,) = await run(function_database)
    seeded.battle(1, 45, revision=2)
    assert await run(function_database) == []
    assert seeded.status(1) == "open"
    seeded.killmail(64)
    (second,) = await run(function_database)
    assert (first["revision"], second["revision"], second["endTime"]) == (1, 2, "2026-03-01T18:45:00Z")
    assert first["id"] != second["id"]


async def test_message_the_broker_did_not_accept_is_published_later(
    function_database: Database, seeded: BattleSeeder
) -> None:
    seeded.battle(1, 0)
    seeded.killmail(60)
    with pytest.raises(TransientError):
        await run(function_database, UnavailableBroker())
    assert (seeded.status(1), seeded.outbox_size()) == ("closed", 1)
    event_id = seeded.connection.execute("SELECT headers ->> 'ce-id' FROM outbox_messages").fetchone()
    (event,) = await run(function_database)
    assert (event["id"],) == event_id
    assert seeded.outbox_size() == 0


async def test_more_battles_than_one_transaction_closes_are_all_closed(
    function_database: Database, seeded: BattleSeeder
) -> None:
    for number in range(1, 1204):
        seeded.battle(number, number / 1000)
    seeded.killmail(60)
    events = await run(function_database)
    assert {event["battleId"] for event in events} == {battle_id(number) for number in range(1, 1204)}
    assert seeded.outbox_size() == 0


async def test_concurrent_timer_events_close_each_battle_once(
    function_database: Database, seeded: BattleSeeder
) -> None:
    for number in range(1, 1204):
        seeded.battle(number, 0)
    seeded.killmail(60)
    runs = await asyncio.gather(*(run(function_database) for _ in range(3)))
    assert sorted(event["battleId"] for events in runs for event in events) == [battle_id(n) for n in range(1, 1204)]


async def test_locked_battle_is_left_to_the_next_timer_event(function_database: Database, seeded: BattleSeeder) -> None:
    seeded.battle(1, 0)
    seeded.battle(2, 0)
    seeded.killmail(60)
    with seeded.connection.transaction():
        seeded.battle(1, 50, revision=2)
        events = await asyncio.wait_for(run(function_database), 60)
    assert [event["battleId"] for event in events] == [battle_id(2)]
    assert await run(function_database) == []
    assert seeded.status(1) == "open"


# Blocks the statement at the first row that it reads, after its snapshot was taken.
BLOCKING_FUNCTION = """
CREATE SCHEMA slow;
GRANT USAGE ON SCHEMA slow TO "battle-close";
CREATE FUNCTION slow.make_interval(secs double precision) RETURNS interval LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock_shared(1);
    RETURN pg_catalog.make_interval(secs => secs);
END $$
"""


@pytest.mark.parametrize(("last", "closed"), [(50, []), (1, [(battle_id(1), 2)])], ids=["continues", "is still over"])
async def test_battle_changed_while_the_statement_runs_is_checked_again(
    function_database: Database, seeded: BattleSeeder, last: float, closed: list[tuple[str, int]]
) -> None:
    seeded.battle(1, 0)
    seeded.killmail(60)
    seeded.connection.execute(BLOCKING_FUNCTION)
    async with function_database.transaction() as connection:
        await connection.execute("SET LOCAL search_path = slow, pg_catalog, public")
        with seeded.connection.transaction():
            seeded.connection.execute("SELECT pg_advisory_xact_lock(1)")
            task = asyncio.create_task(BattleRepository(connection).close_inactive(DELAY))
            await wait_for_blocked_lock(seeded)
            seeded.battle(1, last, revision=2)
        result = await task
    assert [(battle.id, battle.revision) for battle in result] == closed


async def wait_for_blocked_lock(seeded: BattleSeeder) -> None:
    blocked = (
        "SELECT 1 FROM pg_locks JOIN pg_database d ON d.oid = database"
        " WHERE locktype = 'advisory' AND NOT granted AND datname = current_database()"
    )
    for _ in range(6000):
        if seeded.connection.execute(blocked).fetchone():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("The statement is not blocked")


async def test_missing_database_is_a_transient_error(
    function_database: Database, databases: Databases, clone: Clone
) -> None:
    await function_database.ready()
    databases.drop(clone)
    with pytest.raises(TransientError, match="database does not answer"):
        await run(function_database)
