"""Retroactive cases: killmails that arrive after their battle was published."""

from collections.abc import Sequence
from typing import Any

import psycopg
import pytest
from edit_builders import NOW, query_rows, store_recluster_job
from enriched_builders import START, enriched_killmail
from event_processing import END, process_each, process_event, run_recluster_job
from stored_battles import battle_contents, killmails_by_battle

from battle_cluster.persistence.unit_of_work import Database
from battlescope_events.catalog import BATTLE_ENDED, BATTLES_ENDED
from battlescope_events.messages import Event
from battlescope_events.publisher import RecordingPublisher
from battlescope_schemas.battle import BattleChunk, BattleEnded
from battlescope_schemas.enriched import EnrichedKillmail

pytestmark = pytest.mark.postgres
FORTY = [enriched_killmail(at, at / 4, (at, 1), [(201, 2), (202, 2)]) for at in range(1, 41)]


def close(database: str) -> None:
    """Closes all battles, as battle-close does."""
    with psycopg.connect(database) as connection:
        connection.execute("UPDATE battles SET status = 'closed'")


async def process_late(
    store: Database, killmails: Sequence[EnrichedKillmail], late: EnrichedKillmail
) -> list[dict[str, Any]]:
    await process_each(store, [killmail for killmail in killmails if killmail is not late])
    return await process_each(store, [late])


async def test_late_arrival_extends_the_end_and_the_event_has_the_difference(store: Database) -> None:
    """Published with 40 kills, then a killmail eight minutes after the last: 41 kills, and the end moves."""
    await process_each(store, FORTY)
    (event,) = await process_each(store, [enriched_killmail(41, 18, (41, 1), [(201, 2)])])
    assert (event["totalKills"], event["previous"]["totalKills"], event["addedKillmails"]) == (41, 40, ["41"])
    assert event["endTime"] == "2026-03-01T18:18:00Z"
    assert event["updateReason"] == "new_killmail"


async def test_late_arrival_ten_to_thirty_minutes_after_the_end_joins_as_a_second_round(store: Database) -> None:
    await process_each(store, FORTY)
    events = await process_each(
        store, [enriched_killmail(at, minute, (at, 1), [(201, 2), (202, 2)]) for at, minute in ((51, 32), (52, 33))]
    )
    assert events[-1]["totalKills"] == 42


async def test_out_of_order_killmail_moves_the_start_back(store: Database) -> None:
    events = await process_late(store, FORTY, FORTY[0])
    assert events[0]["startTime"] == "2026-03-01T18:00:15Z"
    assert events[0]["previous"]["totalKills"] == 39


async def test_redelivery_publishes_nothing_and_changes_nothing(store: Database, database: str) -> None:
    await process_each(store, FORTY)
    before = battle_contents(database)
    assert await process_each(store, [*FORTY[:3], *FORTY[20:22]]) == []
    assert battle_contents(database) == before


async def test_much_older_killmail_joins_no_battle(store: Database, database: str) -> None:
    await process_each(store, FORTY)
    assert await process_each(store, [enriched_killmail(99, -600, (1, 1), [(201, 2)])]) == []
    assert [len(killmail_ids) for killmail_ids in killmails_by_battle(database).values()] == [40]


async def test_merged_battle_keeps_its_id_as_an_alias(store: Database, database: str) -> None:
    first = [enriched_killmail(at, at, (at, 1), [(201, 2)]) for at in (1, 2, 3)]
    second = [enriched_killmail(at, 28 + at, (at, 1), [(203, 2)]) for at in (11, 12)]
    await process_each(store, [*first, *second])
    before = set(killmails_by_battle(database))
    assert len(before) == 2
    events = await process_each(
        store, [enriched_killmail(at, 10 * at - 28, (1, 1), [(201, 2), (203, 2)]) for at in (4, 5, 6)]
    )
    (survivor,) = killmails_by_battle(database)
    (merged,) = before - {survivor}
    assert [(event["mergedInto"], event["reason"]) for event in events if event["type"] == "deleted"] == [
        (survivor, "merged")
    ]
    assert query_rows(database, "SELECT battle_id::text FROM battle_aliases WHERE alias_id = %s", merged) == [
        (survivor,)
    ]


async def test_killmail_after_closing_reopens_the_battle(store: Database, database: str) -> None:
    await process_each(store, FORTY[:39])
    close(database)
    (event,) = await process_each(store, FORTY[39:])
    assert (event["updateReason"], event["status"]) == ("retroactive_attribution", "open")
    assert event["metadata"]["updateTrigger"] == "late_arrival_killmail"
    assert query_rows(database, "SELECT status FROM battles") == [("open",)]


async def test_update_event_has_the_whole_battle(store: Database) -> None:
    """The event has the whole battle with a higher revision, so an index needs no earlier event."""
    created, *_ = await process_each(store, FORTY[:2])
    (event,) = await process_each(store, FORTY[2:3])
    assert event["battleId"] == created["battleId"]
    assert (created["revision"], event["revision"]) == (1, 2)
    assert event["killmailIds"] == ["1", "2", "3"]


async def test_recluster_after_late_killmails_changes_nothing(store: Database, database: str) -> None:
    await process_each(store, [*FORTY[5:], *FORTY[:5], enriched_killmail(41, 18, (41, 1), [(201, 2)])])
    before = battle_contents(database), killmails_by_battle(database)
    assert await run_recluster_job(store, store_recluster_job(database, START, END)) == []
    assert (battle_contents(database), killmails_by_battle(database)) == before


async def test_each_killmail_gives_the_battle_one_more_revision(store: Database, database: str) -> None:
    await process_each(store, FORTY)
    numbers = query_rows(database, "SELECT revision, total_kills FROM battle_revisions ORDER BY 1")
    assert numbers == [(at, at + 1) for at in range(1, 40)]


TOTALS = {"total_kills": 1, "total_isk_destroyed": "1", "participant_count": 1}
ENDED = BattleEnded.model_validate({"battle_id": "b", "revision": 1, "end_time": NOW, **TOTALS})
SINGLE_END: Event[Any] = Event(BATTLE_ENDED, "1", "battle-close", ENDED, {})
MANY_ENDS: Event[Any] = Event(BATTLES_ENDED, "2", "battle-close", BattleChunk(chunk_key="k", count=2, content=b""), {})


@pytest.mark.parametrize("end", [SINGLE_END, MANY_ENDS], ids=["singly", "together"])
async def test_ended_battle_gets_split_suggestions(store: Database, database: str, end: Event[Any]) -> None:
    """Between five and six minutes without a loss, and hardly any pilot both before and after."""
    first_pilots, second_pilots = [[(100 * half + at, 2) for at in range(1, 20)] for half in (3, 4)]
    first = [enriched_killmail(at, at / 2, (at, 1), first_pilots) for at in range(1, 6)]
    second = [
        enriched_killmail(10 + at, 7.5 + at / 2, (110 + at, 1), [*second_pilots, *first_pilots[:2]])
        for at in range(1, 6)
    ]
    await process_each(store, [*first, *second])
    assert suggestions(database) == [[]]
    close(database)
    for _ in range(2):
        await process_event(store, end, RecordingPublisher())
    (splits,) = suggestions(database)
    assert splits
    assert {tuple(split["first"]) for split in splits} | {tuple(split["second"]) for split in splits} >= {
        (1, 2, 3, 4, 5)
    }
    await process_each(store, [enriched_killmail(20, 10.5, (120, 1), second_pilots)])
    assert suggestions(database) == [[]]


def suggestions(database: str) -> list[Any]:
    return [row[0] for row in query_rows(database, "SELECT suggestions FROM battles WHERE deleted_at IS NULL")]
