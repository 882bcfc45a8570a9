"""Cooldown of each source: it holds for every function that requests the source, and after every restart."""

from dataclasses import asdict
from typing import Final, LiteralString

from battlescope_events.postgres.database import Database
from ingest_backfill.domain.cooldown import CooldownState

LOAD_COOLDOWN: Final[LiteralString] = """
SELECT quiet_until, bans, failures FROM source_manners WHERE source = %(source)s"""
SAVE_COOLDOWN: Final[LiteralString] = """
INSERT INTO source_manners (source, quiet_until, bans, failures, reason)
VALUES (%(source)s, %(quiet_until)s, %(bans)s, %(failures)s, %(reason)s)
ON CONFLICT (source) DO UPDATE SET quiet_until = excluded.quiet_until, bans = excluded.bans,
  failures = excluded.failures, reason = excluded.reason"""


class Cooldowns:
    """Loads and saves cooldowns, each in a transaction of its own. Raises `TransientError`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def cooldown(self, source: str) -> CooldownState:
        async with self._database.connection() as connection:
            return await connection.row(CooldownState, LOAD_COOLDOWN, {"source": source}) or CooldownState()

    async def save_cooldown(self, source: str, cooldown: CooldownState, reason: str | None) -> None:
        async with self._database.connection() as connection:
            await connection.execute(SAVE_COOLDOWN, {"source": source, "reason": reason, **asdict(cooldown)})
