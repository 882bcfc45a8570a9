"""Leases by name: one worker at a time. Only the database's clock decides, because those of two pods may differ."""

from typing import Final, LiteralString
from uuid import UUID

from battlescope_events.postgres.database import Connection
from ingest_backfill.errors import LeaseLost

LEASE_SECONDS: Final = 10.0  # a killed worker blocks its successor this long; a live one renews at every third of it

TAKE_LEASE: Final[LiteralString] = """
INSERT INTO leases (name, holder, until)
VALUES (%(name)s, %(holder)s, clock_timestamp() + %(ttl)s * interval '1 second')
ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, until = excluded.until
WHERE leases.until < clock_timestamp() RETURNING true"""
RENEW_LEASE: Final[LiteralString] = """
UPDATE leases SET until = clock_timestamp() + %(ttl)s * interval '1 second'
WHERE name = %(name)s AND holder = %(holder)s RETURNING true"""
RELEASE_LEASE: Final[LiteralString] = "DELETE FROM leases WHERE name = %(name)s AND holder = %(holder)s"


class LeaseRepository:
    """Leases in the caller's transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def take(self, name: str, holder: UUID) -> bool:
        """Whether the lease was free."""
        return bool(await self._connection.column(TAKE_LEASE, _params(name, holder)))

    async def renew(self, name: str, holder: UUID) -> None:
        """Extend the lease.

        Raises:
            LeaseLost: another worker holds it.
        """
        if not await self._connection.column(RENEW_LEASE, _params(name, holder)):
            raise LeaseLost("Another worker holds the lease of the day.")

    async def release(self, name: str, holder: UUID) -> None:
        await self._connection.execute(RELEASE_LEASE, _params(name, holder))


def _params(name: str, holder: UUID) -> dict[str, object]:
    return {"name": name, "holder": holder, "ttl": LEASE_SECONDS}
