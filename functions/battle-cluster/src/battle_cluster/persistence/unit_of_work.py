"""Database access of battle-cluster: connections, units of work, the outbox and event deduplication."""

import asyncio
from collections.abc import AsyncGenerator, Collection, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final, LiteralString

from psycopg import AsyncConnection, OperationalError
from psycopg.rows import class_row
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from battle_cluster.domain.battle import ClusteringConfig
from battle_cluster.messaging.enriched_killmail import EntityName
from battle_cluster.persistence import advisory_locks, battles
from battle_cluster.persistence.battles import BattleRepository, SavedMessages
from battle_cluster.persistence.edits import EditRepository
from battle_cluster.persistence.entity_names import EntityNameRepository
from battle_cluster.persistence.killmails import KillmailRepository
from battle_cluster.persistence.parameters import int_array
from battle_cluster.persistence.process_cache import ProcessCache
from battle_cluster.persistence.recluster_jobs import ReclusterJobRepository
from battle_cluster.persistence.retention import RetentionRepository
from battle_cluster.persistence.suggestions import SuggestionRepository
from battlescope_events.consumer import DeliveryAttempt
from battlescope_events.errors import TransientError
from battlescope_events.messages import Message
from battlescope_events.publisher import Publish

CONCURRENT_BATCHES: Final = 2
"""One batch is written while another is read. More would only fill memory, 30 MB each."""

SELECT_CLUSTERING_CONFIG: Final[LiteralString] = """
SELECT window_minutes, gap_max_minutes, min_kills, auto_clustering, edits_version FROM clustering_configuration
"""
SELECT_STORED_AND_CONFIG: Final[LiteralString] = """
SELECT window_minutes, gap_max_minutes, min_kills, auto_clustering, edits_version, ARRAY(
    SELECT killmail_id FROM mails WHERE killmail_id = ANY(%(killmail_ids)s::bigint[])
) FROM clustering_configuration
"""
OUTBOX_BATCH: Final = 1000
DEQUEUE_OUTBOX: Final[LiteralString] = """
DELETE FROM outbox WHERE seq = ANY(ARRAY(SELECT seq FROM outbox ORDER BY seq LIMIT 1000 FOR UPDATE SKIP LOCKED))
RETURNING seq, headers, body
"""
DELETE_PUBLISHED: Final[LiteralString] = "DELETE FROM outbox WHERE seq = ANY(%(outbox_ids)s::bigint[])"
# Losing this commit only publishes the same events again.
ASYNC_COMMIT: Final[LiteralString] = "SET LOCAL synchronous_commit = off"
COUNT_ATTEMPT: Final[LiteralString] = """
INSERT INTO event_attempts (source, id, attempts) VALUES (%(source)s, %(id)s, 1)
ON CONFLICT (source, id) DO UPDATE SET attempts = event_attempts.attempts + 1, last_at = now()
RETURNING attempts, handled
"""
MARK_PROCESSED: Final[LiteralString] = """
UPDATE event_attempts SET handled = true WHERE source = %(source)s AND id = %(id)s
"""
DELETE_OLD_ATTEMPTS: Final[LiteralString] = """
DELETE FROM event_attempts WHERE last_at < now() - interval '7 days'
"""
Connection = AsyncConnection[tuple[Any, ...]]


class Database:
    """The connection pool, the process cache, and what needs no unit of work: names, outbox and deduplication."""

    def __init__(self, pool: AsyncConnectionPool[Connection], cache: ProcessCache) -> None:
        self._pool = pool
        self.cache = cache
        self.batch_semaphore = asyncio.Semaphore(CONCURRENT_BATCHES)
        self._published_outbox_ids: list[int] = []
        self._outbox_may_have_rows = True  # an earlier process may have died before it published

    @asynccontextmanager
    async def _connection(self) -> AsyncGenerator[Connection]:
        """Turns errors of the database, deadlocks and lost races included, into `TransientError`."""
        try:
            async with self._pool.connection() as connection:
                yield connection
        except (OperationalError, PoolTimeout) as error:
            raise TransientError(f"The battle database does not answer: {type(error).__name__}.") from error

    @asynccontextmanager
    async def unit_of_work(self) -> AsyncGenerator["UnitOfWork"]:
        """A transaction; it is committed at the end of the `async with` block."""
        async with self._connection() as connection, connection.transaction():
            yield UnitOfWork(connection, self.cache)

    async def ready(self) -> None:
        async with self._connection() as connection:
            await connection.execute("SELECT 1")

    async def save_name(self, name: EntityName) -> None:
        async with self._connection() as connection:
            await EntityNameRepository(connection).save(name)

    async def publish_saved(self, saved: SavedMessages, publish: Publish) -> None:
        """Publish messages that were just committed; `mark_processed` deletes their outbox rows."""
        if self._outbox_may_have_rows:
            await self.flush_outbox(publish)
            return
        published = False
        try:
            for start in range(0, len(saved.messages), OUTBOX_BATCH):
                await publish(saved.messages[start : start + OUTBOX_BATCH])
            published = True
        finally:
            self._outbox_may_have_rows = self._outbox_may_have_rows or not published
        self._published_outbox_ids += saved.outbox_ids

    async def flush_outbox(self, publish: Publish) -> None:
        """Publish all messages of the outbox; rows are deleted once the Broker has accepted their events."""
        self._outbox_may_have_rows = True
        while await self._publish_outbox_batch(publish):
            pass
        self._outbox_may_have_rows = False

    async def _publish_outbox_batch(self, publish: Publish) -> bool:
        """Whether the outbox may hold more."""
        async with self._connection() as connection, connection.transaction():
            async with connection.pipeline():
                await connection.execute(ASYNC_COMMIT)
                cursor = await connection.execute(DEQUEUE_OUTBOX)
            rows = sorted(await cursor.fetchall())
            await publish([Message(headers, bytes(body)) for _, headers, body in rows])
            return len(rows) == OUTBOX_BATCH

    async def delete_old_attempts(self) -> None:
        async with self._connection() as connection:
            await connection.execute(DELETE_OLD_ATTEMPTS)

    async def attempt(self, source: str, event_id: str) -> DeliveryAttempt:
        """See `Deduplicator`."""
        async with self._connection() as connection:
            cursor = await connection.execute(COUNT_ATTEMPT, {"source": source, "id": event_id})
            row = await cursor.fetchone()
        assert row is not None  # noqa: S101  # an upsert with RETURNING always returns its row
        return DeliveryAttempt(*row)

    async def mark_processed(self, source: str, event_id: str) -> None:
        """See `Deduplicator`; also deletes the outbox rows of messages that `publish_saved` has published."""
        params = {"source": source, "id": event_id}
        async with self._connection() as connection:
            outbox_ids, self._published_outbox_ids = self._published_outbox_ids, []
            if not outbox_ids:
                await connection.execute(MARK_PROCESSED, params)
                return
            async with connection.pipeline(), connection.transaction():
                await connection.execute(ASYNC_COMMIT)
                await connection.execute(DELETE_PUBLISHED, {"outbox_ids": outbox_ids})
                await connection.execute(MARK_PROCESSED, params)


class UnitOfWork:
    """The repositories of one transaction, which `Database.unit_of_work` commits."""

    def __init__(self, connection: Connection, cache: ProcessCache) -> None:
        self._connection = connection
        self.cache = cache
        self.killmails = KillmailRepository(connection, cache)
        self.battles = BattleRepository(connection)
        self.edits = EditRepository(connection, cache)
        self.entity_names = EntityNameRepository(connection)
        self.jobs = ReclusterJobRepository(connection)
        self.retention = RetentionRepository(connection)
        self.suggestions = SuggestionRepository(connection)

    async def lock(self, lock_keys: Collection[int]) -> None:
        await advisory_locks.acquire(self._connection, lock_keys)

    async def lock_and_find_stored(
        self, lock_keys: Collection[int], killmail_ids: Collection[int]
    ) -> tuple[ClusteringConfig, frozenset[int]]:
        """Lock the keys, then read the clustering configuration, and which killmails are stored, in one round trip."""
        async with self._connection.pipeline():
            await self.lock(lock_keys)
            cursor = await self._connection.execute(SELECT_STORED_AND_CONFIG, {"killmail_ids": int_array(killmail_ids)})
        row = await cursor.fetchone()
        assert row is not None  # noqa: S101  # the migration inserts the only row
        *config, stored_ids = row
        return ClusteringConfig(*config), frozenset(stored_ids)

    async def clustering_config(self) -> ClusteringConfig:
        cursor = self._connection.cursor(row_factory=class_row(ClusteringConfig))
        await cursor.execute(SELECT_CLUSTERING_CONFIG)
        config = await cursor.fetchone()
        assert config is not None  # noqa: S101  # the migration inserts the only row
        return config

    async def enqueue(self, messages: Sequence[Message]) -> None:
        """Write messages into the outbox; they are published after the commit."""
        await battles.enqueue(self._connection, messages)
