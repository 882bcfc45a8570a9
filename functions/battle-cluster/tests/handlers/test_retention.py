"""Expired battles are deleted with their killmails and published; a battle past the cutoff stays whole."""

import json
from datetime import date
from typing import Any

import psycopg
import pytest
from edit_builders import NOW, query_rows
from enriched_builders import enriched_killmail
from event_processing import process_each
from stored_battles import killmails_by_battle

from battle_cluster.handlers import retention
from battle_cluster.handlers.retention import delete_expired
from battle_cluster.persistence.unit_of_work import Database
from battlescope_events.publisher import RecordingPublisher

pytestmark = pytest.mark.postgres
CUTOFF = date(2026, 3, 2)
OLD = [enriched_killmail(at, at, (at, 1), [(201, 2), (202, 2)]) for at in (1, 2, 3)]
LONE = enriched_killmail(4, -300, (4, 1), [(9, 3)], system=30_000_999)
ACROSS = [
    enriched_killmail(at, 345 + at, (at, 1), [(201, 2), (202, 2)], system=30_000_777) for at in (11, 14, 17)
]  # 23:56 to 00:02
YOUNG = [enriched_killmail(at, 1_500 + at, (at, 1), [(201, 2)]) for at in (21, 22)]


async def run_retention(store: Database, cutoff: date = CUTOFF) -> list[dict[str, Any]]:
    recorder = RecordingPublisher()
    await delete_expired(cutoff, store, NOW)
    await store.outbox.flush(recorder)
    return [{"type": m.headers["ce-type"], "id": m.id, **json.loads(m.body)} for m in recorder.messages]


def counts(database: str) -> dict[str, int]:
    tables = (
        "battle_sides", "battle_side_parties", "battle_participants", "battle_participant_ships", "battle_links",
        "battle_revisions", "battle_killmails",
    )  # fmt: skip
    return {table: query_rows(database, f"SELECT count(*) FROM {table}")[0][0] for table in tables}


async def test_expired_battle_is_deleted_with_its_killmails_and_all_others_stay(store: Database, database: str) -> None:
    await process_each(store, [*OLD, LONE, *ACROSS, *YOUNG])
    before = killmails_by_battle(database)
    ((expired, _), *_) = before.items()
    (event,) = await run_retention(store)
    assert event["type"] == "com.battlescope.battle.deleted.v1"
    assert (event["battleId"], event["reason"]) == (expired, "retention")
    assert killmails_by_battle(database) == {battle: ids for battle, ids in before.items() if battle != expired}
    assert list(killmails_by_battle(database).values()) == [[11, 14, 17], [21, 22]]
    assert query_rows(database, "SELECT killmail_id FROM mails ORDER BY 1") == [(n,) for n in (11, 14, 17, 21, 22)]
    assert query_rows(database, "SELECT count(*) FROM mail_pilots WHERE killmail_id < 10") == [(0,)]
    assert query_rows(database, "SELECT count(*) FROM mail_pilots") == [(13,)]
    assert await run_retention(store) == []


async def test_no_rows_of_an_expired_battle_remain(store: Database, database: str) -> None:
    await process_each(store, OLD)
    await run_retention(store)
    assert set(counts(database).values()) == {0}
    assert query_rows(database, "SELECT count(*) FROM mails") == [(0,)]


async def test_battle_past_the_cutoff_is_deleted_a_day_later(store: Database, database: str) -> None:
    await process_each(store, ACROSS)
    assert await run_retention(store) == []
    assert len(await run_retention(store, date(2026, 3, 3))) == 1
    assert query_rows(database, "SELECT count(*) FROM mails") == [(0,)]


async def test_battle_deleted_earlier_is_purged_without_an_event(store: Database, database: str) -> None:
    await process_each(store, OLD)
    with psycopg.connect(database) as connection:
        connection.execute("UPDATE battles SET deleted_at = now(), deletion_reason = 'merged'")
    assert await run_retention(store) == []
    assert query_rows(database, "SELECT count(*) FROM battles") == [(0,)]


async def test_alias_is_deleted_with_the_surviving_battle(store: Database, database: str) -> None:
    await process_each(store, [*OLD, *YOUNG])
    (_, young) = killmails_by_battle(database)
    with psycopg.connect(database) as connection:
        connection.execute("INSERT INTO battle_aliases (alias_id, battle_id) VALUES (gen_random_uuid(), %s)", [young])
    await run_retention(store)
    assert query_rows(database, "SELECT count(*) FROM battle_aliases") == [(1,)]
    await run_retention(store, date(2026, 4, 1))
    assert query_rows(database, "SELECT count(*) FROM battle_aliases") == [(0,)]


async def test_one_event_does_bounded_work(store: Database, database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "MAX_BATCHES", 0)
    await process_each(store, OLD)
    assert await run_retention(store) == []
    assert len(killmails_by_battle(database)) == 1
