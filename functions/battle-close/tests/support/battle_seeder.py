"""Killmails and battles as battle-cluster stores them, at minutes of one evening."""

from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID

import psycopg

EVENING = datetime(2026, 3, 1, 18, tzinfo=UTC)
DELAY = 180  # FEED_DELAY_SECONDS of the manifest
GAP = 900
UPSERT_BATTLE = """
INSERT INTO battles (id, system_id, region_id, security_type, start_time, end_time, last_killmail_at, status, tier,
    total_kills, total_participants, total_isk_destroyed, zkill_related_url, is_decisive, revision, quiet_seconds,
    isk_computed_high, kills_without_value, isk_fitted, isk_dropped, kills_without_parts, kills_with_unpriced)
VALUES (%(id)s, 30000142, 10000002, 'highsec', %(start)s, %(end)s, %(end)s, %(status)s, 'skirmish', %(kills)s, 7,
    1234567.50, '', false, %(revision)s, %(gap)s, 1000000.50, 2, 900000.25, 50000, 1, 3)
ON CONFLICT (id) DO UPDATE SET end_time = excluded.end_time, last_killmail_at = excluded.last_killmail_at,
    status = excluded.status, total_kills = excluded.total_kills, revision = excluded.revision,
    quiet_seconds = excluded.quiet_seconds, deleted_at = NULL, updated_at = now()
"""
INSERT_KILLMAIL = """
INSERT INTO mails (killmail_id, system_id, region_id, security_type, occurred_at, value, historical, body)
VALUES (%s, 30000142, 10000002, 'highsec', %s, 1, %s, '')
"""


def at(minute: float) -> datetime:
    return EVENING + timedelta(minutes=minute)


def battle_id(number: int) -> str:
    return str(UUID(int=number))


class BattleSeeder:
    """Writes as battle-cluster does, on a connection of its own, so that a test may hold a transaction open."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self.connection = connection
        self._killmail_ids = count(1)

    def killmail(self, minute: float, *, seconds: float = 0, historical: bool = False) -> None:
        time = at(minute) + timedelta(seconds=seconds)
        self.connection.execute(INSERT_KILLMAIL, (next(self._killmail_ids), time, historical))

    def battle(self, number: int, last: float, *, revision: int = 1, status: str = "open", gap: int = GAP) -> None:
        """A battle whose last killmail is at minute `last` and that ends `gap` seconds later."""
        params = {"id": battle_id(number), "start": EVENING, "end": at(last), "status": status, "revision": revision}
        self.connection.execute(UPSERT_BATTLE, params | {"gap": gap, "kills": revision + 1})

    def status(self, number: int) -> str:
        row = self.connection.execute("SELECT status FROM battles WHERE id = %s", (battle_id(number),)).fetchone()
        assert row is not None
        return row[0]

    def outbox_size(self) -> int:
        row = self.connection.execute("SELECT count(*) FROM outbox_messages").fetchone()
        assert row is not None
        return row[0]
