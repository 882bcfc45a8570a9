"""The ingestion database: connections, units of work and their repositories."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Final
from uuid import UUID

from battlescope_events.postgres import database as postgres
from battlescope_events.postgres import unit_of_work as units
from battlescope_events.postgres.database import Connection, Pool
from battlescope_events.postgres.outbox import Outbox
from ingest_backfill.persistence.days import Day, DayRepository, LeasedDayRepository
from ingest_backfill.persistence.jobs import JobRepository
from ingest_backfill.persistence.leases import LeaseRepository
from ingest_backfill.persistence.rulesets import RulesetRepository
from ingest_backfill.persistence.schedule import ScheduleRepository

BROKER: Final = "backfill"


class Database(postgres.Database):
    """The ingestion database with the outbox of this function."""

    def __init__(self, pool: Pool, schema_version: str | None = None) -> None:
        super().__init__(pool, "ingestion", schema_version)
        self.outbox = Outbox(self, BROKER)

    @asynccontextmanager
    async def unit_of_work(self) -> AsyncGenerator["UnitOfWork"]:
        """A transaction; it is committed at the end of the `async with` block. Raises `TransientError`."""
        async with self.transaction() as connection:
            yield UnitOfWork(connection, self.outbox)


class UnitOfWork(units.UnitOfWork):
    """The repositories of one transaction, which `Database.unit_of_work` commits."""

    def __init__(self, connection: Connection, outbox: Outbox) -> None:
        super().__init__(connection, outbox)
        self.days = DayRepository(connection)
        self.jobs = JobRepository(connection)
        self.leases = LeaseRepository(connection)
        self.rulesets = RulesetRepository(connection)
        self.schedule = ScheduleRepository(connection)

    def leased_day(self, day: Day, holder: UUID) -> LeasedDayRepository:
        """The repository of a day whose lease `holder` has."""
        return LeasedDayRepository(self._connection, day, holder)
