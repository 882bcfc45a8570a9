import asyncio
import logging
import random
from collections.abc import Callable, Collection, Sequence

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from battlescope_events.errors import TransientError
from battlescope_events.messages import Message
from battlescope_events.postgres.database import Database
from battlescope_events.postgres.outbox import Outbox
from battlescope_events.publisher import MessageRefused, PublishingInterrupted, RecordingPublisher

REASON = "The event sink rejects it with status 413."
WAITING = "SELECT headers ->> 'ce-id' FROM outbox_messages WHERE parked_at IS NULL ORDER BY id"
PARKED = "SELECT headers ->> 'ce-id', parked_reason FROM outbox_messages WHERE parked_at IS NOT NULL ORDER BY id"


class Broker:
    """A `Publish` that refuses poisoned messages, and accepts no message while it is down."""

    def __init__(self, poisoned: Collection[str] = ()) -> None:
        self.poisoned, self.accepted, self.calls, self.is_down = frozenset(poisoned), list[str](), 0, False

    async def __call__(self, messages: Sequence[Message]) -> None:
        self.calls += 1
        await asyncio.sleep(0)
        if self.is_down:
            raise TransientError("The event sink does not answer.")
        self.accepted += [message.id for message in messages if message.id not in self.poisoned]
        if reasons := {message.id: REASON for message in messages if message.id in self.poisoned}:
            raise MessageRefused(reasons)


def message(number: int, key: str = "k") -> Message:
    return Message({"ce-id": f"m{number}", "ce-type": "sample", "ce-partitionkey": key}, b'{"text": "\xc3\xa4"}')


async def enqueue(database: Database, outbox: Outbox, *messages: Message) -> None:
    async with database.transaction() as connection:
        await outbox.enqueue(connection, messages)


async def waiting(database: Database) -> list[str]:
    async with database.connection() as connection:
        return await connection.column(WAITING)


async def parked(database: Database) -> list[tuple[str, str]]:
    async with database.connection() as connection:
        return await (await connection.execute(PARKED)).fetchall()


async def test_publishes_in_order_and_byte_for_byte(database: Database, recorder: RecordingPublisher) -> None:
    outbox = Outbox(database, "battles", batch_size=2)
    messages = [message(number) for number in range(5)]
    await enqueue(database, outbox, *messages)
    await outbox.flush(recorder)
    assert recorder.messages == messages
    assert await waiting(database) == []


async def test_messages_of_a_transaction_that_fails_are_never_published(
    database: Database, recorder: RecordingPublisher
) -> None:
    outbox = Outbox(database, "battles")

    async def enqueue_and_fail() -> None:
        async with database.transaction() as connection:
            await outbox.enqueue(connection, [message(1)])
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await enqueue_and_fail()
    await outbox.flush(recorder)
    assert recorder.messages == []


async def test_each_broker_gets_only_its_messages(database: Database, recorder: RecordingPublisher) -> None:
    killmails, backfill = Outbox(database, "killmails"), Outbox(database, "backfill")
    await enqueue(database, killmails, message(1))
    await enqueue(database, backfill, message(2))
    await killmails.flush(recorder)
    assert [published.id for published in recorder.messages] == ["m1"]
    assert await waiting(database) == ["m2"]


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    poisoned=st.sets(st.integers(0, 11)),
    batch_size=st.integers(1, 13),
    lanes=st.integers(1, 3),
    down_at=st.none() | st.integers(0, 3),
)
async def test_poisoned_messages_never_block_others(
    database: Database, poisoned: set[int], batch_size: int, lanes: int, down_at: int | None
) -> None:
    async with database.connection() as connection:
        await connection.execute("TRUNCATE outbox_messages")
    outbox, broker = Outbox(database, "battles", batch_size=batch_size, lanes=lanes), Broker(f"m{i}" for i in poisoned)
    await enqueue(database, outbox, *(message(number, str(number % 4)) for number in range(12)))
    if down_at is not None:
        broker.is_down = True
        with pytest.raises(TransientError):
            await outbox.flush(broker)
        assert broker.accepted == []
        broker.is_down = False
    await outbox.flush(broker)
    assert sorted(broker.accepted) == sorted(f"m{i}" for i in range(12) if i not in poisoned)
    assert await waiting(database) == []
    assert await parked(database) == [(f"m{i}", REASON) for i in sorted(poisoned)]
    calls = broker.calls
    await outbox.flush(broker)
    assert broker.calls == calls, "parked messages are not published again"


async def test_a_parked_message_is_logged_and_counted(database: Database, caplog: pytest.LogCaptureFixture) -> None:
    outbox = Outbox(database, "battles")
    assert await outbox.ready() == {"parkedMessages": 0}
    await enqueue(database, outbox, message(1), message(2))
    await enqueue(database, Outbox(database, "killmails"), message(3))
    await outbox.flush(Broker({"m1", "m3"}))
    assert await outbox.ready() == {"parkedMessages": 1}
    (record,) = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert record.__dict__["context"]["refused_event"] == "m1"


async def test_an_operator_can_retry_a_parked_message(database: Database) -> None:
    outbox, broker = Outbox(database, "battles"), Broker({"m1"})
    await enqueue(database, outbox, message(1))
    await outbox.flush(broker)
    broker.poisoned = frozenset()
    async with database.connection() as connection:
        await connection.execute("UPDATE outbox_messages SET parked_at = NULL, parked_reason = NULL")
    await outbox.flush(broker)
    assert broker.accepted == ["m1"]
    assert await outbox.ready() == {"parkedMessages": 0}


async def test_a_broker_that_does_not_answer_keeps_the_rows(database: Database) -> None:
    outbox, broker = Outbox(database, "battles"), Broker()
    await enqueue(database, outbox, message(1), message(2))
    broker.is_down = True
    with pytest.raises(TransientError, match="event sink"):
        await outbox.flush(broker)
    assert await waiting(database) == ["m1", "m2"]


async def test_an_interrupted_call_keeps_only_what_the_broker_does_not_have(database: Database) -> None:
    async def interrupted(_: Sequence[Message]) -> None:
        raise PublishingInterrupted("The event sink does not answer.", {"m0", "m1"}, {"m2": REASON})

    outbox = Outbox(database, "battles")
    await enqueue(database, outbox, *map(message, range(5)))
    with pytest.raises(PublishingInterrupted):
        await outbox.flush(interrupted)
    assert await waiting(database) == ["m3", "m4"]
    assert await parked(database) == [("m2", REASON)]


async def test_rows_of_a_flush_that_fails_beside_another_one_are_not_forgotten(database: Database) -> None:
    outbox, broker, may_fail = Outbox(database, "battles"), Broker(), asyncio.Event()
    publishing = asyncio.Event()

    async def failing_later(_: Sequence[Message]) -> None:
        publishing.set()
        await may_fail.wait()
        raise TransientError("The event sink does not answer.")

    await enqueue(database, outbox, message(1))
    failing = asyncio.create_task(outbox.flush(failing_later))
    await publishing.wait()
    await outbox.flush(broker)  # skips the locked row
    may_fail.set()
    with pytest.raises(TransientError):
        await failing
    async with database.transaction() as connection:
        enqueued = await outbox.enqueue(connection, [message(2)])
    await outbox.publish_committed(enqueued, broker)
    assert broker.accepted == ["m1", "m2"]


async def test_a_lane_that_fails_does_not_hold_back_the_others(database: Database) -> None:
    outbox, accepted = Outbox(database, "battles", lanes=8), list[str]()

    async def publish(messages: Sequence[Message]) -> None:
        if any(published.headers["ce-partitionkey"] == "bad" for published in messages):
            raise TransientError("The event sink does not answer.")
        accepted.extend(published.id for published in messages)

    await enqueue(database, outbox, message(1, "bad"), message(2, "good"), message(3, "bad"))
    with pytest.raises(TransientError):
        await outbox.flush(publish)
    assert accepted == ["m2"]
    assert await waiting(database) == ["m1", "m3"]


async def test_messages_with_one_partition_key_keep_their_order(database: Database) -> None:
    outbox, accepted = Outbox(database, "battles", lanes=4), list[Message]()

    async def publish(messages: Sequence[Message]) -> None:
        for published in messages:
            await asyncio.sleep(random.random() / 1000)
            accepted.append(published)

    await enqueue(database, outbox, *(message(number, str(number % 7)) for number in range(50)))
    await outbox.flush(publish)
    for key in range(7):
        ids = [published.id for published in accepted if published.headers["ce-partitionkey"] == str(key)]
        assert ids == [f"m{number}" for number in range(50) if number % 7 == key]


async def test_a_crash_between_publish_and_delete_publishes_again_under_the_same_id(
    database: Database, other_process: Database
) -> None:
    first, second = list[str](), RecordingPublisher()

    async def publish_and_lose_the_connection(messages: Sequence[Message]) -> None:
        first.extend(published.id for published in messages)
        async with other_process.connection() as connection:
            await connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND application_name = 'test' AND state = 'idle in transaction'"
            )

    outbox = Outbox(database, "battles")
    await enqueue(database, outbox, message(1), message(2))
    with pytest.raises(TransientError, match="sample database"):
        await outbox.flush(publish_and_lose_the_connection)
    await Outbox(other_process, "battles").flush(second)
    assert first == [published.id for published in second.messages] == ["m1", "m2"]


async def test_two_processes_share_the_work(database: Database, other_process: Database) -> None:
    await enqueue(database, Outbox(database, "battles"), *(message(number) for number in range(40)))
    both_publish, accepted = asyncio.Barrier(2), list[list[str]]()

    def publisher() -> Callable[[Sequence[Message]], object]:
        own = list[str]()
        accepted.append(own)

        async def publish(messages: Sequence[Message]) -> None:
            if not own:
                await both_publish.wait()  # each holds rows that the other does not see
            own.extend(published.id for published in messages)

        return publish

    outboxes = [Outbox(process, "battles", batch_size=5) for process in (database, other_process)]
    await asyncio.gather(*(outbox.flush(publisher()) for outbox in outboxes))
    assert all(accepted)
    assert sorted(accepted[0] + accepted[1]) == sorted(f"m{number}" for number in range(40))


async def test_committed_messages_are_published_without_reading_them(database: Database) -> None:
    outbox, broker = Outbox(database, "battles"), Broker()
    await outbox.flush(broker)
    async with database.transaction() as connection:
        enqueued = await outbox.enqueue(connection, [message(1)])
    await outbox.publish_committed(enqueued, broker)
    assert broker.accepted == ["m1"]
    assert tuple(outbox.take_published_ids()) == enqueued.ids
    assert outbox.take_published_ids() == []


async def test_a_new_process_first_publishes_what_an_earlier_one_left(database: Database) -> None:
    broker = Broker()
    await enqueue(database, Outbox(database, "battles"), message(1))
    outbox = Outbox(database, "battles")
    async with database.transaction() as connection:
        enqueued = await outbox.enqueue(connection, [message(2)])
    await outbox.publish_committed(enqueued, broker)
    assert broker.accepted == ["m1", "m2"]
    assert outbox.take_published_ids() == []
    assert await waiting(database) == []


async def test_committed_messages_that_the_broker_does_not_take_now_go_out_with_the_next(database: Database) -> None:
    outbox, broker = Outbox(database, "battles"), Broker()
    await outbox.flush(broker)
    broker.is_down = True
    async with database.transaction() as connection:
        enqueued = await outbox.enqueue(connection, [message(1)])
    with pytest.raises(TransientError):
        await outbox.publish_committed(enqueued, broker)
    assert outbox.take_published_ids() == []
    broker.is_down = False
    async with database.transaction() as connection:
        enqueued = await outbox.enqueue(connection, [message(2)])
    await outbox.publish_committed(enqueued, broker)
    assert broker.accepted == ["m1", "m2"]


async def test_a_committed_message_that_is_refused_is_parked(database: Database) -> None:
    outbox, broker = Outbox(database, "battles"), Broker({"m1"})
    await outbox.flush(broker)
    async with database.transaction() as connection:
        enqueued = await outbox.enqueue(connection, [message(1), message(2)])
    await outbox.publish_committed(enqueued, broker)
    assert set(broker.accepted) == {"m2"}
    assert await parked(database) == [("m1", REASON)]
    assert await waiting(database) == []


async def test_a_flush_does_not_publish_again_what_was_published_after_its_commit(database: Database) -> None:
    outbox, broker = Outbox(database, "battles"), Broker()
    await outbox.flush(broker)
    async with database.transaction() as connection:
        enqueued = await outbox.enqueue(connection, [message(1)])
    await outbox.publish_committed(enqueued, broker)
    await outbox.flush(broker)
    assert broker.accepted == ["m1"]
    assert await waiting(database) == []


async def test_lanes_share_committed_messages_and_a_later_transaction_deletes_their_rows(database: Database) -> None:
    outbox, broker = Outbox(database, "battles", lanes=4), Broker()
    await outbox.flush(broker)
    messages = [message(number, key=str(number % 3)) for number in range(9)]
    async with database.transaction() as connection:
        enqueued = await outbox.enqueue(connection, messages)
    await outbox.publish_committed(enqueued, broker)
    assert sorted(broker.accepted) == [f"m{number}" for number in range(9)]
    for key in range(3):  # in order within a partition key
        of_key = [accepted for accepted in broker.accepted if int(accepted[1:]) % 3 == key]
        assert of_key == sorted(of_key)
    assert len(await waiting(database)) == 9
    async with database.transaction() as connection:
        await outbox.delete_published(connection)
    assert await waiting(database) == []
    await outbox.flush(broker)
    assert len(broker.accepted) == 9
