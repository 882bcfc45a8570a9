"""Cooldown of a source: one row per host, shared by all functions of this context."""

from dataclasses import asdict
from typing import Final, LiteralString

from battlescope_events.postgres.database import Connection
from ingest_verify.domain.cooldown import CooldownState

LOAD_COOLDOWN: Final[LiteralString] = """
SELECT quiet_until, bans, failures FROM source_manners WHERE source = %(source)s::text
"""
SAVE_COOLDOWN: Final[LiteralString] = """
INSERT INTO source_manners (source, quiet_until, bans, failures, reason)
VALUES (%(source)s::text, %(quiet_until)s::timestamptz, %(bans)s::integer, %(failures)s::integer, %(reason)s::text)
ON CONFLICT (source) DO UPDATE SET quiet_until = excluded.quiet_until, bans = excluded.bans,
    failures = excluded.failures, reason = excluded.reason
"""


class CooldownRepository:
    """Cooldowns in the caller's transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def load(self, source: str) -> CooldownState:
        return await self._connection.row(CooldownState, LOAD_COOLDOWN, {"source": source}) or CooldownState()

    async def save(self, source: str, cooldown: CooldownState, reason: str | None) -> None:
        await self._connection.execute(SAVE_COOLDOWN, {"source": source, "reason": reason, **asdict(cooldown)})
