"""Battles that are too old go with their mails and are told of; what reaches past the cutoff stays whole."""

import json
from datetime import date
from typing import Any

import psycopg
import pytest
from edit_builders import NOW, rows
from invented_battles import mail
from test_edit_handler import battles
from test_handler import hear

from battle_cluster.handlers import retention
from battle_cluster.handlers.retention import retire
from battle_cluster.persistence.unit_of_work import Database
from battlescope_events.publisher import RecordingPublisher

pytestmark = pytest.mark.postgres
CUTOFF = date(2026, 3, 2)
OLD = [mail(at, at, (at, 1), [(201, 2), (202, 2)]) for at in (1, 2, 3)]
LONE = mail(4, -300, (4, 1), [(9, 3)], system=30_000_999)
ACROSS = [mail(at, 345 + at, (at, 1), [(201, 2), (202, 2)], system=30_000_777) for at in (11, 14, 17)]  # 23:56 to 00:02
YOUNG = [mail(at, 1_500 + at, (at, 1), [(201, 2)]) for at in (21, 22)]


async def retired(store: Database, cutoff: date = CUTOFF) -> list[dict[str, Any]]:
    recorder = RecordingPublisher()
    await retire(cutoff, store, NOW)
    await store.flush_outbox(recorder)
    return [{"type": m.headers["ce-type"], "id": m.id, **json.loads(m.body)} for m in recorder.messages]


def counts(database: str) -> dict[str, int]:
    tables = ("battle_sides", "battle_side_parties", "battle_participants", "battle_links", "battle_revisions")
    return {table: rows(database, f"SELECT count(*) FROM {table}")[0][0] for table in tables}


async def test_old_battles_go_with_their_mails_and_all_others_stay(store: Database, database: str) -> None:
    await hear(store, [*OLD, LONE, *ACROSS, *YOUNG])
    before = battles(database)
    ((gone, _), *_) = before.items()
    (told,) = await retired(store)
    assert told["type"] == "com.battlescope.battle.deleted.v1"
    assert (told["battleId"], told["reason"]) == (gone, "retention")
    assert battles(database) == {battle: mails for battle, mails in before.items() if battle != gone}
    assert list(battles(database).values()) == [[11, 14, 17], [21, 22]]
    assert rows(database, "SELECT killmail_id FROM mails ORDER BY 1") == [(n,) for n in (11, 14, 17, 21, 22)]
    assert rows(database, "SELECT count(*) FROM mail_pilots WHERE killmail_id < 10") == [(0,)]
    assert rows(database, "SELECT count(*) FROM mail_pilots") == [(13,)]
    assert await retired(store) == []


async def test_nothing_is_left_of_the_last(store: Database, database: str) -> None:
    await hear(store, OLD)
    await retired(store)
    assert set(counts(database).values()) == {0}
    assert rows(database, "SELECT count(*) FROM mails") == [(0,)]


async def test_what_the_day_before_left_standing_goes_the_day_after(store: Database, database: str) -> None:
    await hear(store, ACROSS)
    assert await retired(store) == []
    assert len(await retired(store, date(2026, 3, 3))) == 1
    assert rows(database, "SELECT count(*) FROM mails") == [(0,)]


async def test_of_a_battle_that_had_gone_before_nobody_is_told_again(store: Database, database: str) -> None:
    await hear(store, OLD)
    with psycopg.connect(database) as connection:
        connection.execute("UPDATE battles SET deleted_at = now(), deletion_reason = 'merged'")
    assert await retired(store) == []
    assert rows(database, "SELECT count(*) FROM battles") == [(0,)]


async def test_the_address_of_a_merged_battle_lives_as_long_as_its_survivor(store: Database, database: str) -> None:
    await hear(store, [*OLD, *YOUNG])
    (_, young) = battles(database)
    with psycopg.connect(database) as connection:
        connection.execute("INSERT INTO battle_aliases (alias_id, battle_id) VALUES (gen_random_uuid(), %s)", [young])
    await retired(store)
    assert rows(database, "SELECT count(*) FROM battle_aliases") == [(1,)]
    await retired(store, date(2026, 4, 1))
    assert rows(database, "SELECT count(*) FROM battle_aliases") == [(0,)]


async def test_one_event_does_a_bounded_part(store: Database, database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "MOST", 0)
    await hear(store, OLD)
    assert await retired(store) == []
    assert len(battles(database)) == 1
