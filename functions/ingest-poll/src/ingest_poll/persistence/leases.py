"""The lease of the feed: one run polls at a time. Each of its transactions begins by finding that it has the lease."""

from typing import Any, Final, LiteralString
from uuid import UUID

from battlescope_events.postgres.database import Connection
from ingest_poll.errors import LeaseLost
from ingest_poll.feed.feed_state import FeedPosition

LEASE_SECONDS: Final = 8.0  # a killed run blocks its successor this long; a live run renews at every quarter of it

# Only the database's clock decides about the lease, because the clocks of two pods may differ.
TAKE_LEASE: Final[LiteralString] = """
UPDATE ingestion_status
SET lease_holder = %(holder)s, lease_until = clock_timestamp() + %(ttl)s * interval '1 second', last_poll_at = now()
WHERE lease_until IS NULL OR lease_until < clock_timestamp()
RETURNING last_sequence AS cursor, head, head_asked_at, quiet_until, skip_at, found_at, holes, tries,
  consecutive_failures AS failures"""
RENEW_LEASE: Final[LiteralString] = """
UPDATE ingestion_status SET lease_until = clock_timestamp() + %(ttl)s * interval '1 second'
WHERE lease_holder = %(holder)s RETURNING true"""
RELEASE_LEASE: Final[LiteralString] = """
UPDATE ingestion_status SET lease_holder = NULL, lease_until = NULL WHERE lease_holder = %(holder)s"""


class LeaseRepository:
    """The lease in the caller's transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def take(self, holder: UUID) -> FeedPosition | None:
        """The position to resume from, or none while another run holds the lease."""
        return await self._connection.row(FeedPosition, TAKE_LEASE, lease_params(holder))

    async def renew(self, holder: UUID) -> None:
        """Extend the lease. Raises `LeaseLost`."""
        require_lease(await self._connection.scalar(RENEW_LEASE, lease_params(holder)))

    async def release(self, holder: UUID) -> None:
        await self._connection.execute(RELEASE_LEASE, {"holder": holder})


def lease_params(holder: UUID) -> dict[str, Any]:
    return {"holder": holder, "ttl": LEASE_SECONDS}


def require_lease(row: object) -> None:
    """Raise `LeaseLost` where a statement found no row of the holder."""
    if row is None:
        raise LeaseLost("Another run of ingest-poll holds the feed lease.")
