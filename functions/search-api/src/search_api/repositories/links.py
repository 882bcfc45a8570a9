"""What links lead to: the battle that was shared, and the one that a battle was merged into."""

from datetime import datetime
from typing import Final, LiteralString
from uuid import UUID

from battlescope_events.postgres.database import Database

SHARED_BATTLE: Final[LiteralString] = """
SELECT battle_id FROM battle_shares
WHERE token_digest = %(token_digest)s AND NOT is_revoked AND (expires_at IS NULL OR expires_at > %(now)s::timestamptz)
"""
# A merged battle may be merged again.
SURVIVING_BATTLE: Final[LiteralString] = """
WITH RECURSIVE followed AS (
    SELECT battle_id, merged_into FROM battles WHERE battle_id = %(battle_id)s::uuid
    UNION
    SELECT b.battle_id, b.merged_into FROM battles AS b JOIN followed AS f ON b.battle_id = f.merged_into
)
SELECT battle_id FROM followed WHERE merged_into IS NULL LIMIT 1
"""


class LinkRepository:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def shared_battle(self, token_digest: str, now: datetime) -> UUID | None:
        """The battle of a link that is neither revoked nor expired.

        Raises:
            TransientError: the database does not answer.
        """
        async with self._database.connection() as connection:
            return await connection.scalar(SHARED_BATTLE, {"token_digest": token_digest, "now": now})

    async def surviving_battle(self, battle_id: UUID) -> UUID:
        """The battle itself, or the one that it was merged into.

        Raises:
            TransientError: the database does not answer.
        """
        async with self._database.connection() as connection:
            return await connection.scalar(SURVIVING_BATTLE, {"battle_id": battle_id}) or battle_id
