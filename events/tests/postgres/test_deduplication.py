import asyncio

import pytest

from battlescope_events.consumer import DeliveryAttempt
from battlescope_events.messages import Message
from battlescope_events.postgres.database import Database
from battlescope_events.postgres.deduplication import PostgresDeduplicator
from battlescope_events.postgres.outbox import Outbox
from battlescope_events.publisher import RecordingPublisher

FIRST, SECOND = DeliveryAttempt(1, is_processed=False), DeliveryAttempt(2, is_processed=False)
AGE = "UPDATE delivery_attempts SET last_at = now() - %(age)s::interval WHERE event_id = %(event_id)s"
MESSAGE = Message({"ce-id": "m", "ce-type": "t"}, b"{}")


async def test_counts_attempts_until_the_event_is_processed(database: Database, other_process: Database) -> None:
    deduplicator = PostgresDeduplicator(database)
    assert await deduplicator.attempt("a", "1") == FIRST
    assert await deduplicator.attempt("a", "1") == SECOND
    await deduplicator.mark_processed("a", "1")
    await deduplicator.close()
    attempt = await PostgresDeduplicator(other_process).attempt("a", "1")
    assert attempt == DeliveryAttempt(3, is_processed=True)


async def test_an_event_is_identified_by_source_and_id(database: Database) -> None:
    deduplicator = PostgresDeduplicator(database)
    await deduplicator.attempt("a", "1")
    await deduplicator.mark_processed("a", "1")
    assert await deduplicator.attempt("b", "1") == FIRST
    assert await deduplicator.attempt("a", "2") == FIRST


async def test_concurrent_attempts_are_all_counted(database: Database) -> None:
    deduplicator = PostgresDeduplicator(database)
    attempts = await asyncio.gather(*(deduplicator.attempt("a", "1") for _ in range(10)))
    assert sorted(attempt.number for attempt in attempts) == list(range(1, 11))


async def test_delayed_records_are_known_at_once_here_and_later_elsewhere(
    database: Database, other_process: Database
) -> None:
    deduplicator = PostgresDeduplicator(database, write_delay_seconds=0.05)
    for event_id in ("1", "2"):
        await deduplicator.attempt("a", event_id)
        await deduplicator.mark_processed("a", event_id)
    assert (await deduplicator.attempt("a", "1")).is_processed
    for event_id in ("1", "2"):
        while not (await PostgresDeduplicator(other_process).attempt("a", event_id)).is_processed:
            await asyncio.sleep(0.01)


async def test_close_records_what_is_delayed(database: Database, other_process: Database) -> None:
    deduplicator = PostgresDeduplicator(database)
    await deduplicator.attempt("a", "1")
    await deduplicator.mark_processed("a", "1")
    await deduplicator.close()
    assert (await PostgresDeduplicator(other_process).attempt("a", "1")).is_processed


async def test_delayed_records_outlive_a_database_that_does_not_answer(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    deduplicator = PostgresDeduplicator(database)
    await deduplicator.mark_processed("a", "1")
    await database._pool.close()
    await deduplicator.close()
    assert "1 processed events are not recorded" in caplog.text


async def test_deletes_only_records_that_are_too_old(database: Database) -> None:
    deduplicator = PostgresDeduplicator(database)
    for event_id, age in (("old", "8 days 1 minute"), ("young", "7 days 23 hours")):
        await deduplicator.attempt("a", event_id)
        async with database.connection() as connection:
            await connection.execute(AGE, {"age": age, "event_id": event_id})
    await deduplicator.delete_old()
    async with database.connection() as connection:
        assert await connection.column("SELECT event_id FROM delivery_attempts") == ["young"]


async def test_deletes_more_than_one_batch(database: Database) -> None:
    async with database.connection() as connection:
        await connection.execute(
            "INSERT INTO delivery_attempts (source, event_id, last_at) "
            "SELECT 'a', number::text, now() - interval '9 days' FROM generate_series(1, 20001) AS number"
        )
    await PostgresDeduplicator(database).delete_old()
    async with database.connection() as connection:
        assert await connection.scalar("SELECT count(*) FROM delivery_attempts") == 0


async def test_rows_of_published_messages_are_deleted_with_the_record(
    database: Database, recorder: RecordingPublisher
) -> None:
    outbox = Outbox(database, "battles")
    deduplicator = PostgresDeduplicator(database, outbox)
    await outbox.flush(recorder)  # a process begins with a flush
    await deduplicator.attempt("a", "1")
    async with database.transaction() as connection:
        enqueued = await outbox.enqueue(connection, [MESSAGE])
    await outbox.publish_committed(enqueued, recorder)
    await deduplicator.mark_processed("a", "1")
    await deduplicator.close()
    async with database.connection() as connection:
        assert await connection.scalar("SELECT count(*) FROM outbox_messages") == 0
        assert await connection.column("SELECT is_processed FROM delivery_attempts") == [True]
    assert recorder.messages == [MESSAGE]
