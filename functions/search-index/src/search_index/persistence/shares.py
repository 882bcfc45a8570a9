"""Links to public cards of battles, so that a pasted one finds its battle."""

from typing import Final, LiteralString

from battlescope_events.postgres.database import Database
from battlescope_schemas.battle import BattleShareChanged

# A link stays revoked, whichever of its events comes last.
SAVE_SHARE: Final[LiteralString] = """
INSERT INTO battle_shares AS existing (token_digest, battle_id, expires_at, is_revoked)
VALUES (%(token_digest)s, %(battle_id)s::uuid, %(expires_at)s::timestamptz, %(is_revoked)s)
ON CONFLICT (token_digest) DO UPDATE SET is_revoked = existing.is_revoked OR EXCLUDED.is_revoked
"""


async def save_share(database: Database, payload: BattleShareChanged) -> None:
    params = {
        "token_digest": payload.token_digest,
        "battle_id": payload.battle_id,
        "expires_at": payload.expires_at,
        "is_revoked": payload.is_revoked,
    }
    async with database.connection() as connection:
        await connection.execute(SAVE_SHARE, params)
