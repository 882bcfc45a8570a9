"""Statements of battle-close on battles, whose table battle-cluster owns."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final, LiteralString

from battlescope_events.postgres.database import Connection

CLOSE_BATCH: Final = 500
# The watermark is the last entry of the index of live killmails; a backfilled one does not show how far the feed is.
# When battle-cluster commits a battle while this statement runs, PostgreSQL evaluates the inner WHERE again on the
# newest version of the row before it locks it, and the outer statement only sees locked rows. A row that battle-cluster
# still holds is skipped, so that neither waits for the other; the next timer event sees it.
CLOSE_BATTLES: Final[LiteralString] = """
UPDATE battles SET status = 'closed', updated_at = now()
WHERE id = ANY(ARRAY(
    SELECT id FROM battles
    WHERE status = 'open' AND deleted_at IS NULL
        AND last_killmail_at + make_interval(secs => quiet_seconds + %(feed_delay)s::integer)
            < (SELECT occurred_at FROM mails WHERE NOT historical ORDER BY occurred_at DESC LIMIT 1)
    ORDER BY last_killmail_at LIMIT 500 FOR NO KEY UPDATE SKIP LOCKED
))
RETURNING id::text, revision, end_time, total_kills, total_isk_destroyed, total_participants, updated_at AS closed_at,
    isk_computed_high, isk_computed_medium, isk_computed_low, kills_without_value,
    isk_fitted, isk_dropped, kills_without_parts, kills_with_unpriced
"""


@dataclass(frozen=True, slots=True)
class ClosedBattle:
    """A battle that was just closed."""

    id: str
    revision: int
    end_time: datetime
    total_kills: int
    total_isk_destroyed: Decimal
    total_participants: int
    closed_at: datetime
    isk_computed_high: Decimal
    isk_computed_medium: Decimal
    isk_computed_low: Decimal
    kills_without_value: int
    isk_fitted: Decimal | None
    isk_dropped: Decimal | None
    kills_without_parts: int | None
    kills_with_unpriced: int | None


class BattleRepository:
    """Battles in the caller's transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def close_inactive(self, feed_delay: int) -> list[ClosedBattle]:
        """Close up to `CLOSE_BATCH` battles that are over; `feed_delay` is in seconds."""
        return await self._connection.rows(ClosedBattle, CLOSE_BATTLES, {"feed_delay": feed_delay})
