"""Which source of live killmails is active, what was observed of the primary one, and the position in the standby."""

from dataclasses import asdict
from typing import Final, LiteralString

from battlescope_events.postgres.database import Connection
from ingest_poll.feed.failover import FailoverState
from ingest_poll.feed.feed_state import FeedPosition

LOAD_FAILOVER: Final[LiteralString] = """
SELECT active, since, reason, silent_seconds, failing_seconds, working_seconds, observed_at, last_killmail_at
FROM source_failover"""
SAVE_FAILOVER: Final[LiteralString] = """
UPDATE source_failover SET active = %(active)s, since = coalesce(%(since)s, since), reason = %(reason)s,
  silent_seconds = %(silent_seconds)s, failing_seconds = %(failing_seconds)s, working_seconds = %(working_seconds)s,
  observed_at = %(observed_at)s, last_killmail_at = %(last_killmail_at)s"""
SOURCE_SECONDS: Final[LiteralString] = """
SELECT CASE WHEN active = 'standby' THEN greatest(1, extract(epoch FROM now() - since))::bigint ELSE 0 END
FROM source_failover"""
INSERT_SWITCH: Final[LiteralString] = """
INSERT INTO source_switches (active, reason) VALUES (%(active)s, %(reason)s)"""
DELETE_OLD_SWITCHES: Final[LiteralString] = """
DELETE FROM source_switches WHERE switched_at < now() - interval '90 days'"""
LOAD_STANDBY_POSITION: Final[LiteralString] = """
SELECT cursor, head, head_asked_at, quiet_until, skip_at, found_at, holes, tries, failures FROM source_failover"""
SAVE_STANDBY_POSITION: Final[LiteralString] = """
UPDATE source_failover SET cursor = %(cursor)s, head = %(head)s, head_asked_at = %(head_asked_at)s,
  quiet_until = %(quiet_until)s, skip_at = %(skip_at)s, found_at = %(found_at)s, holes = %(holes)s, tries = %(tries)s,
  failures = %(failures)s,
  standby_success_at = CASE WHEN %(failures)s::integer = 0 THEN now() ELSE standby_success_at END"""


class FailoverRepository:
    """The sources in the caller's transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def load(self) -> tuple[FailoverState, FeedPosition]:
        """Which source is active, and the position in the standby."""
        state = await self._connection.row(FailoverState, LOAD_FAILOVER)
        position = await self._connection.row(FeedPosition, LOAD_STANDBY_POSITION)
        return state or FailoverState(), position or FeedPosition()

    async def save(self, state: FailoverState, standby: FeedPosition | None) -> None:
        """Store what was observed of the primary source; with `standby`, the source was switched."""
        await self._connection.execute(SAVE_FAILOVER, asdict(state))
        if standby is not None:
            await self.save_standby_position(standby)
            await self._connection.execute(INSERT_SWITCH, {"active": state.active, "reason": state.reason})
            await self._connection.execute(DELETE_OLD_SWITCHES)

    async def save_standby_position(self, position: FeedPosition) -> None:
        await self._connection.execute(SAVE_STANDBY_POSITION, asdict(position))

    async def standby_seconds(self) -> int:
        """For how many seconds the standby has been active; 0 while the primary source is."""
        return await self._connection.scalar(SOURCE_SECONDS)
