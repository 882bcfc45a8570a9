"""Which events reach the live log, and when: after the handler that stores what they describe."""

import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest

from battlescope_events.catalog import BATTLE_DELETED, BATTLES_CHANGED, KILLMAIL_INGESTED, TIMER
from battlescope_events.errors import PermanentError
from battlescope_events.messages import Event, EventType
from battlescope_events.postgres.database import Database
from battlescope_events.postgres.outbox import Outbox
from battlescope_events.valkey.connection import Valkey
from battlescope_events.valkey.live_log import LiveLog, LogPosition
from battlescope_schemas.battle import BattleChunk, BattleDeleted, DeletionReason
from battlescope_schemas.reference import KillmailReference
from killmail_enrich.handlers.battle_membership import BattleChanges
from killmail_enrich.handlers.dispatch import dispatcher
from killmail_enrich.messaging.live_publisher import OUTBOX, LivePublisher

pytestmark = [pytest.mark.postgres, pytest.mark.stores]
REFERENCE = KillmailReference(
    killmail_id=7,
    zkb_hash="a" * 40,
    killmail_time=datetime(2026, 11, 1, 20, tzinfo=UTC),
    system_id=30000001,
    zkb_url="",
    archive_key="k",
)
DELETED = BattleDeleted(battle_id="b-1", revision=3, reason=DeletionReason.MANUAL)


class Handlers:
    """Handlers that record what the log holds when they are called."""

    def __init__(self, log: LiveLog) -> None:
        self.log, self.before = log, list[int]()
        self.error: Exception | None = None

    async def handle(self, event: Event[Any]) -> BattleChanges:
        self.before.append(len(await kinds(self.log)))
        if self.error:
            raise self.error
        if event.type is BATTLES_CHANGED:
            return BattleChanges(["b-1", "b-2"])
        return BattleChanges((), [DELETED])


async def kinds(log: LiveLog) -> list[str]:
    return [entry.kind for entry in await log.read(LogPosition(0, 0), 100, 1) or ()]


def event(event_type: EventType[Any], data: Any) -> Event[Any]:
    return Event(event_type, str(uuid4()), "test", data, {})


@pytest.fixture
async def log(valkey: str) -> AsyncIterator[LiveLog]:
    connection = Valkey(valkey, time.monotonic, timeout_seconds=5)
    yield LiveLog(connection)
    await connection.close()


async def test_changes_of_battles_are_appended_after_they_are_stored(store: Database, log: LiveLog) -> None:
    handlers = Handlers(log)
    other: Any = SimpleNamespace(handle=handlers.handle)
    live = LivePublisher(log, store, Outbox(store, OUTBOX))
    dispatch = dispatcher(other, other, other, other, prices=other, valuations=other, live=live)
    await dispatch(event(KILLMAIL_INGESTED, REFERENCE))
    await dispatch(event(BATTLE_DELETED, DELETED))
    await dispatch(event(BATTLES_CHANGED, BattleChunk(chunk_key="chunks/y", count=2)))
    await dispatch(event(TIMER, None))
    assert await kinds(log) == ["began", "battle", "battles"]
    assert handlers.before == [0, 0, 2, 3]


async def test_change_that_cannot_be_stored_is_not_appended(store: Database, log: LiveLog) -> None:
    handlers = Handlers(log)
    handlers.error = PermanentError("no battle")
    other: Any = SimpleNamespace(handle=handlers.handle)
    live = LivePublisher(log, store, Outbox(store, OUTBOX))
    dispatch = dispatcher(other, other, other, other, prices=other, valuations=other, live=live)
    with pytest.raises(PermanentError):
        await dispatch(event(BATTLE_DELETED, DELETED))
    assert await kinds(log) == []


async def test_killmails_are_appended_together(store: Database, log: LiveLog) -> None:
    await LivePublisher(log, store, Outbox(store, OUTBOX)).publish_killmails([7, 8])
    assert await kinds(log) == ["began", "killmail", "killmail"]
