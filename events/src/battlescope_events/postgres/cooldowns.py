"""Cooldowns of upstreams in the database of a context: they survive restarts and hold for its functions."""

from typing import Final, LiteralString

from battlescope_events.postgres.database import Database
from battlescope_events.upstream.cooldown import NO_COOLDOWN, CooldownState

LOAD_COOLDOWN: Final[LiteralString] = """
SELECT quiet_until, bans, failures FROM upstream_cooldowns WHERE upstream = %(upstream)s::text"""
# A shorter cooldown or a lower count never replaces the stored one.
SAVE_COOLDOWN: Final[LiteralString] = """
INSERT INTO upstream_cooldowns AS stored (upstream, quiet_until, bans, failures, reason)
VALUES (%(upstream)s::text, %(quiet_until)s::timestamptz, %(bans)s::integer, %(failures)s::integer, %(reason)s::text)
ON CONFLICT (upstream) DO UPDATE SET quiet_until = greatest(stored.quiet_until, excluded.quiet_until),
  bans = greatest(stored.bans, excluded.bans), failures = greatest(stored.failures, excluded.failures),
  reason = excluded.reason, updated_at = now()"""
CLEAR_COOLDOWN: Final[LiteralString] = """
UPDATE upstream_cooldowns SET quiet_until = NULL, bans = 0, failures = 0, reason = NULL, updated_at = now()
WHERE upstream = %(upstream)s::text AND (quiet_until IS NULL OR quiet_until <= %(quiet_until)s::timestamptz)"""


class PostgresCooldowns:
    """Implements `Cooldowns`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def load(self, upstream: str) -> CooldownState:
        async with self._database.connection() as connection:
            state = await connection.row(CooldownState, LOAD_COOLDOWN, {"upstream": upstream})
        return state or NO_COOLDOWN

    async def save(self, upstream: str, state: CooldownState, reason: str) -> None:
        params = {
            "upstream": upstream,
            "quiet_until": state.quiet_until,
            "bans": state.bans,
            "failures": state.failures,
            "reason": reason,
        }
        async with self._database.connection() as connection:
            await connection.execute(SAVE_COOLDOWN, params)

    async def clear(self, upstream: str, ended: CooldownState) -> None:
        async with self._database.connection() as connection:
            await connection.execute(CLEAR_COOLDOWN, {"upstream": upstream, "quiet_until": ended.quiet_until})
