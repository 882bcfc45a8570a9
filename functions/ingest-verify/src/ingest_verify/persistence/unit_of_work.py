"""The ingestion database: connections, units of work and their repositories."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Final

from battlescope_events.postgres import database as postgres
from battlescope_events.postgres import unit_of_work as units
from battlescope_events.postgres.database import Connection, Pool
from battlescope_events.postgres.deduplication import PostgresDeduplicator
from battlescope_events.postgres.outbox import Outbox
from ingest_verify.persistence.gaps import GapRepository
from ingest_verify.persistence.retention import RetentionRepository
from ingest_verify.persistence.transient_objects import TransientObjectRepository
from ingest_verify.persistence.verifications import VerificationRepository

BROKER: Final = "killmails"


class Database(postgres.Database):
    """The ingestion database with the outbox and the deduplicator of this function."""

    def __init__(self, pool: Pool, schema_version: str | None = None) -> None:
        super().__init__(pool, "ingestion", schema_version)
        self.outbox = Outbox(self, BROKER)
        self.deduplicator = PostgresDeduplicator(self)

    @asynccontextmanager
    async def unit_of_work(self) -> AsyncGenerator["UnitOfWork"]:
        """A transaction; it is committed at the end of the `async with` block. Raises `TransientError`."""
        async with self.transaction() as connection:
            yield UnitOfWork(connection, self.outbox)


class UnitOfWork(units.UnitOfWork):
    """The repositories of one transaction, which `Database.unit_of_work` commits."""

    def __init__(self, connection: Connection, outbox: Outbox) -> None:
        super().__init__(connection, outbox)
        self.gaps = GapRepository(connection)
        self.retention = RetentionRepository(connection)
        self.transient_objects = TransientObjectRepository(connection)
        self.verifications = VerificationRepository(connection)
