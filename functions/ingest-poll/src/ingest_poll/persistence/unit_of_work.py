"""The ingestion database: connections, units of work and their repositories. A batch is one transaction."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict
from typing import Any, Final, LiteralString
from uuid import UUID

from battlescope_events.postgres import database as postgres
from battlescope_events.postgres import unit_of_work as units
from battlescope_events.postgres.database import Connection, Pool
from battlescope_events.postgres.outbox import Outbox
from battlescope_events.postgres.pipelines import pipelined_transaction
from battlescope_schemas.ruleset import Ruleset
from ingest_poll.feed.failover import FailoverState
from ingest_poll.feed.feed_state import Backlog, FeedPosition
from ingest_poll.persistence.failover import FailoverRepository
from ingest_poll.persistence.feed_files import FeedFileRepository
from ingest_poll.persistence.killmails import KillmailRepository
from ingest_poll.persistence.leases import RENEW_LEASE, LeaseRepository, lease_params, require_lease
from ingest_poll.persistence.listings import ListingRepository
from ingest_poll.persistence.refusals import RefusalRepository
from ingest_poll.persistence.rulesets import RulesetRepository

SAVE_POSITION: Final[LiteralString] = """
UPDATE ingestion_status SET
  lease_until = clock_timestamp() + %(ttl)s * interval '1 second',
  last_sequence = %(cursor)s, head = %(head)s, head_asked_at = %(head_asked_at)s, quiet_until = %(quiet_until)s,
  skip_at = %(skip_at)s, found_at = %(found_at)s, holes = %(holes)s, tries = %(tries)s,
  consecutive_failures = %(failures)s, last_poll_at = now(),
  last_successful_poll_at = CASE WHEN %(is_healthy)s THEN now() ELSE last_successful_poll_at END,
  is_healthy = COALESCE(%(is_healthy)s OR last_successful_poll_at > now() - interval '60 seconds', false),
  last_killmail_id = COALESCE(%(last_killmail_id)s, last_killmail_id)
WHERE lease_holder = %(holder)s RETURNING true"""
BROKER: Final = "killmails"
PUBLISH_LANES: Final = 8  # concurrent requests to the Broker; events of one system share a lane and keep their order


class UnitOfWork(units.UnitOfWork):
    """The repositories of one transaction of the run that holds the lease, which `Database.unit_of_work` commits.

    Statements without a result are sent together with the next one whose result is read.
    """

    def __init__(self, connection: Connection, outbox: Outbox) -> None:
        super().__init__(connection, outbox)
        self.failover = FailoverRepository(connection)
        self.feed_files = FeedFileRepository(connection)
        self.killmails = KillmailRepository(connection)
        self.listings = ListingRepository(connection)
        self.refusals = RefusalRepository(connection)


class Database(postgres.Database):
    """The ingestion database with the outbox of this function, and what needs no unit of work."""

    def __init__(self, pool: Pool, schema_version: str | None = None) -> None:
        super().__init__(pool, "ingestion", schema_version)
        self.outbox = Outbox(self, BROKER, lanes=PUBLISH_LANES)

    async def take_lease(self, holder: UUID) -> FeedPosition | None:
        """The position to resume from, or none while another run holds the lease."""
        async with self.connection() as connection:
            return await LeaseRepository(connection).take(holder)

    async def renew_lease(self, holder: UUID) -> None:
        """Extend the lease. Raises `LeaseLost`."""
        async with self.connection() as connection:
            await LeaseRepository(connection).renew(holder)

    async def release_lease(self, holder: UUID) -> None:
        async with self.connection() as connection:
            await LeaseRepository(connection).release(holder)

    @asynccontextmanager
    async def unit_of_work(
        self, holder: UUID, position: FeedPosition, last_killmail_id: int | None
    ) -> AsyncGenerator["UnitOfWork"]:
        """A transaction that saves `position` together with the rows of the caller.

        Raises:
            LeaseLost: another run holds the lease; nothing is written.
        """
        is_healthy = not (position.failures or position.tries)
        params = asdict(position) | lease_params(holder) | {"is_healthy": is_healthy}
        async with self._fenced(SAVE_POSITION, params | {"last_killmail_id": last_killmail_id}) as connection:
            await self.outbox.delete_published(connection)
            yield UnitOfWork(connection, self.outbox)

    @asynccontextmanager
    async def standby_unit_of_work(self, holder: UUID, position: FeedPosition) -> AsyncGenerator["UnitOfWork"]:
        """As `unit_of_work`, but `position` is that in the standby source."""
        async with self._fenced(RENEW_LEASE, lease_params(holder)) as connection:
            uow = UnitOfWork(connection, self.outbox)
            await uow.failover.save_standby_position(position)
            yield uow

    @asynccontextmanager
    async def backlog_unit_of_work(self, holder: UUID, backlog: Backlog) -> AsyncGenerator["UnitOfWork"]:
        """As `unit_of_work`, but the position is that of a backlog."""
        async with self._fenced(RENEW_LEASE, lease_params(holder)) as connection:
            uow = UnitOfWork(connection, self.outbox)
            await uow.feed_files.save_backlog(backlog)
            yield uow

    @asynccontextmanager
    async def refused_body_work(self) -> AsyncGenerator["UnitOfWork"]:
        """A transaction beside the run that holds the lease: it leaves the position alone, and ids admit one writer."""
        async with pipelined_transaction(self) as connection:
            yield UnitOfWork(connection, self.outbox)

    @asynccontextmanager
    async def _fenced(self, statement: LiteralString, params: Mapping[str, Any]) -> AsyncGenerator[Connection]:
        """A transaction that begins with `statement`, which finds a row only while the run holds the lease.

        The row is locked from then on, but it is read at the end: that spares an exchange with the database.
        """
        async with pipelined_transaction(self) as connection:
            cursor = await connection.execute(statement, params)
            yield connection
            require_lease(await cursor.fetchone())

    async def load_backlog(self) -> Backlog | None:
        """The oldest backlog."""
        async with self.connection() as connection:
            return await FeedFileRepository(connection).oldest_backlog()

    async def load_failover(self) -> tuple[FailoverState, FeedPosition]:
        """Which source is active, and the position in the standby."""
        async with self.connection() as connection:
            return await FailoverRepository(connection).load()

    async def save_failover(self, holder: UUID, state: FailoverState, standby: FeedPosition | None) -> None:
        """Store what was observed of the primary source; with `standby`, the source was switched.

        Raises:
            LeaseLost: another run holds the lease; nothing is written.
        """
        async with self._fenced(RENEW_LEASE, lease_params(holder)) as connection:
            await FailoverRepository(connection).save(state, standby)

    async def missing_ids(self, killmail_ids: Sequence[int]) -> list[int]:
        """Of listed killmails those that are neither stored nor known to be unavailable now, the newest first."""
        if not killmail_ids:
            return []
        async with self.connection() as connection:
            return await ListingRepository(connection).missing_ids(killmail_ids)

    async def readiness(self) -> dict[str, int]:
        """Counts for the readiness answer: parked messages, and for how many seconds the standby has been active."""
        answer = await self.outbox.ready()
        async with self.connection() as connection:
            return answer | {"standbySourceSeconds": await FailoverRepository(connection).standby_seconds()}

    async def active_ruleset(self) -> Ruleset:
        """The active ruleset. Raises `TransientError` where none is."""
        async with self.connection() as connection:
            return await RulesetRepository(connection).active()

    async def due_rereads(self, limit: int) -> list[int]:
        """Sequences of rewritten files whose next read is due."""
        async with self.connection() as connection:
            return await FeedFileRepository(connection).due_rereads(limit)

    async def postpone_reread(self, sequence: int) -> None:
        async with self.connection() as connection:
            await FeedFileRepository(connection).postpone_reread(sequence)
