"""What is appended to the live log, and what becomes of it while Valkey does not answer."""

import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest

from battlescope_events.postgres.database import Database
from battlescope_events.postgres.outbox import Outbox
from battlescope_events.valkey.connection import Valkey
from battlescope_events.valkey.live_log import LiveLog, LogPosition
from battlescope_schemas.battle import (
    BattleCreated,
    BattleDeleted,
    BattleMetadata,
    BattleStatus,
    BattleTotals,
    BattleUpdated,
    DeletionReason,
    UpdateReason,
)
from battlescope_schemas.live.log import BattleChange, LiveBattle, LiveBattles, LiveKind
from battlescope_schemas.universe import SecurityType
from killmail_enrich.messaging.live_entries import battle_entries, killmail_entry, many_battles_entries
from killmail_enrich.messaging.live_publisher import OUTBOX, LivePublisher

TIME = datetime(2026, 11, 1, 20, tzinfo=UTC)
TOTALS: dict[str, Any] = {"total_kills": 3, "total_isk_destroyed": 1, "participant_count": 2}
FIELDS: dict[str, Any] = TOTALS | {
    "battle_id": "b-1",
    "revision": 4,
    "system_id": 30000002,
    "system_name": "System 2",
    "region_id": 10000001,
    "region_name": "Derelik",
    "security_type": SecurityType.HIGHSEC,
    "start_time": TIME,
    "end_time": TIME,
    "status": BattleStatus.OPEN,
    "killmail_ids": (1, 2, 3),
    "sides": (),
    "zkill_related_url": "https://zkillboard.com/related/30000002/202611012000/",
    "metadata": BattleMetadata(clustering_algorithm="x"),
}


def only(entries: Any) -> LiveBattle:
    ((kind, body),) = entries
    assert kind is LiveKind.BATTLE
    return LiveBattle.model_validate_json(body)


def test_every_change_of_a_battle_is_one_entry_with_its_revision() -> None:
    created = only(battle_entries([BattleCreated(**FIELDS)]))
    assert (created.battle_id, created.revision, created.change, created.reason) == (
        "b-1",
        4,
        BattleChange.CREATED,
        None,
    )
    assert created.battle is not None
    assert (created.battle.system_name, created.battle.total_kills) == ("System 2", 3)
    previous = BattleTotals(**TOTALS)
    updated = only(battle_entries([BattleUpdated(**FIELDS, update_reason=UpdateReason.CLOSED, previous=previous)]))
    assert (updated.change, updated.reason) == (BattleChange.UPDATED, "closed")
    gone = BattleDeleted(battle_id="b-1", revision=5, reason=DeletionReason.MERGED, merged_into="b-2")
    deleted = only(battle_entries([gone]))
    assert (deleted.change, deleted.revision, deleted.merged_into, deleted.battle) == (
        BattleChange.DELETED,
        5,
        "b-2",
        None,
    )


def test_a_republished_battle_has_not_changed() -> None:
    metadata = BattleMetadata(clustering_algorithm="x", update_trigger="republish")
    assert battle_entries([BattleCreated(**FIELDS | {"metadata": metadata})]) == []


def test_a_batch_names_its_battles_in_parts() -> None:
    ids = [f"b-{number}" for number in range(501)]
    entries = many_battles_entries(ids)
    parts = [LiveBattles.model_validate_json(body).battle_ids for _, body in entries]
    assert [len(part) for part in parts] == [500, 1]
    assert [battle_id for part in parts for battle_id in part] == ids


@pytest.fixture
async def connection(valkey: str) -> AsyncIterator[Valkey]:
    connection = Valkey(valkey, time.monotonic, retry_seconds=0.0, timeout_seconds=5)
    yield connection
    await connection.close()


async def bodies(log: LiveLog) -> list[str]:
    return [entry.body for entry in await log.read(LogPosition(0, 0), 100, 1) or () if entry.kind != LiveKind.BEGAN]


async def waiting(store: Database) -> int:
    async with store.connection() as connection:
        return await connection.scalar("SELECT count(*) FROM outbox_messages WHERE broker = 'live-log'")


@pytest.mark.postgres
@pytest.mark.stores
async def test_nothing_is_lost_while_valkey_does_not_answer(store: Database, connection: Valkey) -> None:
    outbox, log = Outbox(store, OUTBOX), LiveLog(connection)
    unreachable = Valkey("redis://127.0.0.1:1/0", time.monotonic)
    during = LivePublisher(LiveLog(unreachable), store, outbox)
    await during.publish([killmail_entry(1)])
    await during.publish([killmail_entry(2), killmail_entry(3)])
    await during.flush()
    assert await waiting(store) == 3
    after = LivePublisher(log, store, Outbox(store, OUTBOX))
    await after.publish([killmail_entry(4)])
    assert sorted(await bodies(log)) == [f'{{"killmailId":"{number}"}}' for number in range(1, 5)]
    assert await waiting(store) == 0
    await unreachable.close()


@pytest.mark.postgres
@pytest.mark.stores
async def test_the_timer_appends_what_a_dead_process_left(store: Database, connection: Valkey) -> None:
    unreachable = Valkey("redis://127.0.0.1:1/0", time.monotonic)
    await LivePublisher(LiveLog(unreachable), store, Outbox(store, OUTBOX)).publish([killmail_entry(1)])
    log = LiveLog(connection)
    await LivePublisher(log, store, Outbox(store, OUTBOX)).flush()
    assert await bodies(log) == ['{"killmailId":"1"}']
    await unreachable.close()
