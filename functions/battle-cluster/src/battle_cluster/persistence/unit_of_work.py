"""The battle database: connections, units of work and their repositories."""

import asyncio
from collections.abc import AsyncGenerator, Collection, Sequence
from contextlib import asynccontextmanager
from typing import Final, LiteralString

from battle_cluster.detection.neighbourhood_strategies import is_batch
from battle_cluster.detection.rules import DetectionRules
from battle_cluster.domain.battle import ClusteringConfig
from battle_cluster.domain.killmail import Killmail
from battle_cluster.domain.lock_keys import (
    BATCH_LOCK_KEY,
    MoreLocksNeeded,
    batch_lock_keys,
    batch_lock_keys_of,
    batch_margin,
    hours_of,
    lock_key,
    lock_key_of,
    lock_keys_for,
    shared_lock_keys,
)
from battle_cluster.messaging.enriched_killmail import EntityFact, EntityName
from battle_cluster.persistence.battles import BattleRepository
from battle_cluster.persistence.edits import EditRepository
from battle_cluster.persistence.entity_names import EntityNameRepository
from battle_cluster.persistence.killmails import KillmailRepository
from battle_cluster.persistence.parameters import int_array
from battle_cluster.persistence.process_cache import ProcessCache
from battle_cluster.persistence.recluster_jobs import ReclusterJobRepository
from battle_cluster.persistence.republish_jobs import RepublishJobRepository
from battle_cluster.persistence.retention import RetentionRepository
from battle_cluster.persistence.suggestions import SuggestionRepository
from battlescope_events.postgres import database as postgres
from battlescope_events.postgres import unit_of_work as units
from battlescope_events.postgres.database import Connection, Pool
from battlescope_events.postgres.deduplication import PostgresDeduplicator
from battlescope_events.postgres.outbox import Outbox

CONCURRENT_BATCHES: Final = 3
"""Two batches of different hours are written while one is read. More would only fill memory, 30 MB each."""

# Advisory locks of the transaction; `lock_keys.py` says which keys a piece of work needs.
LOCK: Final[LiteralString] = """
SELECT CASE WHEN is_shared THEN pg_advisory_xact_lock_shared(lock_key) ELSE pg_advisory_xact_lock(lock_key) END
FROM unnest(%(lock_keys)s::bigint[], %(are_shared)s::boolean[]) AS ordered (lock_key, is_shared)
"""
SELECT_CLUSTERING_CONFIG: Final[LiteralString] = """
SELECT window_minutes, gap_max_minutes, min_kills, auto_clustering, edits_version, values_version
FROM clustering_configuration
"""
SELECT_STORED_AND_CONFIG: Final[LiteralString] = """
SELECT window_minutes, gap_max_minutes, min_kills, auto_clustering, edits_version, values_version, ARRAY(
    SELECT ARRAY[killmail_id, value_revision, valuation_revision] FROM mails
    WHERE killmail_id = ANY(%(killmail_ids)s::bigint[])
) FROM clustering_configuration
"""
BROKER: Final = "battles"
OUTBOX_BATCH: Final = 1000
"""Messages per transaction: `BatchingPublisher` publishes the changes of so many battles as one event."""


class Database(postgres.Database):
    """The battle database, and what each process keeps beside it: the process cache, the outbox, the deduplicator."""

    def __init__(self, pool: Pool, cache: ProcessCache, schema_version: str | None = None) -> None:
        super().__init__(pool, "battle", schema_version)
        self.cache = cache
        self.outbox = Outbox(self, BROKER, batch_size=OUTBOX_BATCH)
        self.deduplicator = PostgresDeduplicator(self, self.outbox)
        self.batch_semaphore = asyncio.Semaphore(CONCURRENT_BATCHES)
        self.live_batch_semaphore = asyncio.Semaphore(CONCURRENT_BATCHES)

    @asynccontextmanager
    async def unit_of_work(self) -> AsyncGenerator["UnitOfWork"]:
        """A transaction; it is committed at the end of the `async with` block."""
        async with self.transaction() as connection:
            yield UnitOfWork(connection, self.cache, self.outbox)

    async def save_name(self, name: EntityName, ticker: str | None) -> None:
        async with self.connection() as connection:
            await EntityNameRepository(connection).save(name, ticker)

    async def save_unknown(self, names: frozenset[EntityName], facts: frozenset[EntityFact]) -> None:
        """Store unknown names and facts in a transaction of their own."""
        names, facts = self.cache.unsaved_names(names), self.cache.unsaved_facts(facts)
        if names or facts:
            async with self.connection() as connection:
                await EntityNameRepository(connection).save_unknown(names, facts)
            self.cache.mark_saved(names, facts)


class UnitOfWork(units.UnitOfWork):
    """The repositories of one transaction, which `Database.unit_of_work` commits."""

    def __init__(self, connection: Connection, cache: ProcessCache, outbox: Outbox) -> None:
        super().__init__(connection, outbox)
        self.cache = cache
        self._held_lock_keys: frozenset[int] = frozenset()
        self._is_batch = False
        self.killmails = KillmailRepository(connection, cache)
        self.battles = BattleRepository(connection, outbox)
        self.edits = EditRepository(connection, cache)
        self.entity_names = EntityNameRepository(connection)
        self.jobs = ReclusterJobRepository(connection)
        self.republish_jobs = RepublishJobRepository(connection)
        self.retention = RetentionRepository(connection)
        self.suggestions = SuggestionRepository(connection)

    async def lock(self, lock_keys: Collection[int], *, shared: frozenset[int] = frozenset()) -> None:
        """Lock every key until the transaction ends, those of `shared` together with others that share them.

        The order is fixed, so that transactions do not deadlock.
        """
        shared |= shared_lock_keys(lock_keys, is_batch=self._is_batch)
        ordered = sorted(lock_keys)
        are_shared = [key in shared for key in ordered]
        await self._connection.execute(LOCK, {"lock_keys": int_array(ordered), "are_shared": are_shared})
        self._held_lock_keys |= frozenset(lock_keys)

    def missing_lock_keys(self, killmails: Sequence[Killmail], rules: DetectionRules) -> frozenset[int]:
        """The keys that a change of these killmails by these rules needs and the transaction does not hold."""
        hours = batch_lock_keys_of(killmails, rules.max_link_distance) if self._is_batch else frozenset[int]()
        return hours.union(map(lock_key_of, killmails)) - self._held_lock_keys

    async def lock_and_find_stored(
        self, killmails: Sequence[Killmail], more_lock_keys: Collection[int] = ()
    ) -> tuple[ClusteringConfig, dict[int, tuple[int, int]]]:
        """The clustering configuration, and which of the killmails, given in order of time, are stored.

        The latter is the order of their value by id, as `Killmail.value_order`.

        Before, it locks what the killmails can change: no other transaction stores one of them until this one ends.

        Raises:
            MoreLocksNeeded: while a batch waited for its locks, another one stored battles that reach further.
        """
        lock_keys = await self._lock_keys_of(killmails, more_lock_keys)
        killmail_ids = int_array(killmail.killmail_id for killmail in killmails)
        async with self._connection.pipeline():
            await self.lock(lock_keys)
            cursor = await self._connection.execute(SELECT_STORED_AND_CONFIG, {"killmail_ids": killmail_ids})
        row = await cursor.fetchone()
        assert row is not None  # noqa: S101  # the migration inserts the only row
        *columns, revisions = row
        config = ClusteringConfig(*columns)
        await self.killmails.drop_outdated(config.values_version)
        return config, {killmail_id: (feed, computed) for killmail_id, feed, computed in revisions}

    async def _lock_keys_of(self, killmails: Sequence[Killmail], more_lock_keys: Collection[int]) -> frozenset[int]:
        """The keys to lock, with `more_lock_keys`. A batch holds its hours then.

        It locks every system of the time that it may change instead of the nearby ones: some battle reaches them, and
        each retry with more locks would cluster it again.
        """
        if not is_batch(len(killmails)):
            return lock_keys_for(killmails, nearby=True).union(more_lock_keys)
        self._is_batch = True
        reach = _rules_of(await self.clustering_config()).max_link_distance
        start, end = await self._changed_range(killmails, reach)
        hours = batch_lock_keys(start, end, reach) | hours_of(more_lock_keys)
        await self.lock(hours | {BATCH_LOCK_KEY}, shared=frozenset({BATCH_LOCK_KEY}))
        # What was read before the wait for the locks may be stale; to notice it now costs no clustering.
        start, end = await self._changed_range(killmails, reach)
        if missing := batch_lock_keys(start, end, reach) - hours:
            raise MoreLocksNeeded(missing)
        stored = {lock_key(system_id, day) for system_id, day in await self.killmails.system_days_between(start, end)}
        own = lock_keys_for(killmails, nearby=False, wormhole_margin=batch_margin(reach))
        return own.union(stored, more_lock_keys)

    async def _changed_range(self, killmails: Sequence[Killmail], reach: int) -> tuple[int, int]:
        """From when to when a batch may change anything: it and the stored battles within the reach of links."""
        start, end = killmails[0].time, killmails[-1].time
        times = await self.killmails.span_of_components_between(start - reach, end + reach)
        return min([start, *times]), max([end, *times])

    async def clustering_config(self) -> ClusteringConfig:
        """The clustering configuration; read killmails after it, since it drops what is cached with older values."""
        config = await self._connection.row(ClusteringConfig, SELECT_CLUSTERING_CONFIG)
        assert config is not None  # noqa: S101  # the migration inserts the only row
        await self.killmails.drop_outdated(config.values_version)
        return config


def _rules_of(config: ClusteringConfig) -> DetectionRules:
    return DetectionRules.from_configuration(config.window_minutes, config.gap_max_minutes, config.min_kills)
