"""The retroactive cases, each by name: mails that come when their battle is already published."""

from collections.abc import Iterable, Sequence
from typing import Any

import psycopg
import pytest
from edit_builders import NOW, job, rows
from invented_battles import START, mail
from test_edit_handler import battles
from test_handler import everything, hear
from test_recluster_handler import END, run

from battle_cluster.handlers.killmails import handle
from battle_cluster.persistence.unit_of_work import Database
from battlescope_events.catalog import BATTLE_ENDED
from battlescope_events.messages import Event
from battlescope_events.publisher import RecordingPublisher
from battlescope_schemas.battle import BattleEnded
from battlescope_schemas.enriched import EnrichedKillmail

pytestmark = pytest.mark.postgres
FORTY = [mail(at, at / 4, (at, 1), [(201, 2), (202, 2)]) for at in range(1, 41)]


def close(database: str) -> None:
    """What battle-close does."""
    with psycopg.connect(database) as connection:
        connection.execute("UPDATE battles SET status = 'closed'")


async def hear_all_but(
    store: Database, mails: Sequence[EnrichedKillmail], late: EnrichedKillmail
) -> list[dict[str, Any]]:
    await hear(store, [one for one in mails if one is not late])
    return await hear(store, [late])


async def test_late_arrival_extends_the_end_and_tells_the_difference(store: Database) -> None:
    """Published with 40 kills, then a mail from eight minutes after the last: 41 kills, the end moves."""
    await hear(store, FORTY)
    (told,) = await hear(store, [mail(41, 18, (41, 1), [(201, 2)])])
    assert (told["totalKills"], told["previous"]["totalKills"], told["addedKillmails"]) == (41, 40, ["41"])
    assert told["endTime"] == "2026-03-01T18:18:00Z"
    assert told["updateReason"] == "new_killmail"


async def test_late_arrival_ten_to_thirty_minutes_after_the_end_joins_as_a_second_round(store: Database) -> None:
    await hear(store, FORTY)
    told = await hear(store, [mail(at, minute, (at, 1), [(201, 2), (202, 2)]) for at, minute in ((51, 32), (52, 33))])
    assert told[-1]["totalKills"] == 42


async def test_out_of_order_mails_move_the_start_back(store: Database) -> None:
    told = await hear_all_but(store, FORTY, FORTY[0])
    assert told[0]["startTime"] == "2026-03-01T18:00:15Z"
    assert told[0]["previous"]["totalKills"] == 39


async def test_redelivery_tells_nothing_and_changes_nothing(store: Database, database: str) -> None:
    await hear(store, FORTY)
    before = everything(database)
    assert await hear(store, [*FORTY[:3], *FORTY[20:22]]) == []
    assert everything(database) == before


async def test_a_kill_older_than_all_others_joins_no_battle_of_another_time(store: Database, database: str) -> None:
    await hear(store, FORTY)
    assert await hear(store, [mail(99, -600, (1, 1), [(201, 2)])]) == []
    assert [len(mails) for mails in battles(database).values()] == [40]


async def test_a_bridge_merges_two_battles_and_both_addresses_stay(store: Database, database: str) -> None:
    first = [mail(at, at, (at, 1), [(201, 2)]) for at in (1, 2, 3)]
    second = [mail(at, 28 + at, (at, 1), [(203, 2)]) for at in (11, 12)]
    await hear(store, [*first, *second])
    before = set(battles(database))
    assert len(before) == 2
    told = await hear(store, [mail(at, 10 * at - 28, (1, 1), [(201, 2), (203, 2)]) for at in (4, 5, 6)])
    (survivor,) = battles(database)
    (gone,) = before - {survivor}
    assert [(one["mergedInto"], one["reason"]) for one in told if one["type"] == "deleted"] == [(survivor, "merged")]
    assert rows(database, "SELECT battle_id::text FROM battle_aliases WHERE alias_id = %s", gone) == [(survivor,)]


async def test_a_kill_arriving_after_closing_reopens_the_battle(store: Database, database: str) -> None:
    await hear(store, FORTY[:39])
    close(database)
    (told,) = await hear(store, FORTY[39:])
    assert (told["updateReason"], told["status"]) == ("retroactive_attribution", "open")
    assert told["metadata"]["updateTrigger"] == "late_arrival_killmail"
    assert rows(database, "SELECT status FROM battles") == [("open",)]


async def test_a_kill_arriving_after_indexing_says_what_an_index_needs(store: Database) -> None:
    """Whoever indexed the battle gets it whole, with a higher revision: nothing has to be added up."""
    created, *_ = await hear(store, FORTY[:2])
    (told,) = await hear(store, FORTY[2:3])
    assert told["battleId"] == created["battleId"]
    assert (created["revision"], told["revision"]) == (1, 2)
    assert told["killmailIds"] == ["1", "2", "3"]


async def test_admin_recluster_after_all_of_it_changes_nothing(store: Database, database: str) -> None:
    await hear(store, [*FORTY[5:], *FORTY[:5], mail(41, 18, (41, 1), [(201, 2)])])
    before = everything(database), battles(database)
    assert await run(store, job(database, START, END)) == []
    assert (everything(database), battles(database)) == before


async def test_any_order_of_arrival_gives_the_battle_one_id_and_one_history_to_the_same_end(
    store: Database, database: str
) -> None:
    await hear(store, FORTY)
    numbers = rows(database, "SELECT revision, total_kills FROM battle_revisions ORDER BY 1")
    assert numbers == [(at, at + 1) for at in range(1, 40)]


async def test_a_battle_that_ended_gets_suggestions_where_it_may_be_two(store: Database, database: str) -> None:
    """Between five and six minutes of silence, and hardly anybody on both sides of it."""
    ours, others = [[(100 * half + at, 2) for at in range(1, 20)] for half in (3, 4)]
    first = [mail(at, at / 2, (at, 1), ours) for at in range(1, 6)]
    second = [mail(10 + at, 7.5 + at / 2, (110 + at, 1), [*others, *ours[:2]]) for at in range(1, 6)]
    await hear(store, [*first, *second])
    assert await suggestions(store, database, ended=False) == [[]]
    close(database)
    (found,) = await suggestions(store, database, ended=True)
    assert found
    assert {tuple(one["first"]) for one in found} | {tuple(one["second"]) for one in found} >= {(1, 2, 3, 4, 5)}
    await hear(store, [mail(20, 10.5, (120, 1), others)])
    assert await suggestions(store, database, ended=False) == [[]]


async def suggestions(store: Database, database: str, *, ended: bool) -> Iterable[Any]:
    if ended:
        (battle,) = battles(database)
        totals = {"total_kills": 1, "total_isk_destroyed": "1", "participant_count": 1}
        data = BattleEnded.model_validate({"battle_id": battle, "revision": 1, "end_time": NOW, **totals})
        event: Event[Any] = Event(BATTLE_ENDED, "1", "battle-close", data, {})
        await handle(event, store=store, publish=RecordingPublisher(), archive=None, clock=lambda: NOW)  # pyright: ignore[reportArgumentType]
    return [row[0] for row in rows(database, "SELECT suggestions FROM battles WHERE deleted_at IS NULL")]
