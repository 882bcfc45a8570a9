"""Shares of battles, their images, and what is shown of a shared battle."""

from datetime import datetime
from typing import Final, LiteralString
from uuid import UUID

from battle_api.domain.rows import Battle
from battle_api.domain.shares import MAX_ACTIVE, CardLoss, Share, SharedBattle, TopLoss
from battle_api.repositories.list_rows import ListRowRepository
from battle_api.repositories.shown_names import with_unknown_names
from battlescope_events.postgres.database import Connection

MAX_LISTED: Final = 200
MAX_LOSSES: Final = 20_000
_SHARE: Final[LiteralString] = """
SELECT id, battle_id, token, created_by, created_at, expires_at, revoked_by, revoked_at FROM battle_shares
"""
SHARE_BY_TOKEN: Final[LiteralString] = _SHARE + "WHERE token = %(token)s::text"
SHARE: Final[LiteralString] = _SHARE + "WHERE id = %(share)s::uuid AND battle_id = %(battle)s::uuid"
SHARES: Final[LiteralString] = (
    _SHARE + "WHERE battle_id = %(battle)s::uuid ORDER BY created_at DESC, id LIMIT %(limit)s::integer"
)
COUNT_ACTIVE: Final[LiteralString] = """
SELECT count(*) FROM battle_shares WHERE battle_id = %(battle)s::uuid AND revoked_at IS NULL
    AND (expires_at IS NULL OR expires_at > %(now)s::timestamptz)
"""
INSERT_SHARE: Final[LiteralString] = """
INSERT INTO battle_shares (id, battle_id, token, created_by, created_at, expires_at)
VALUES (%(id)s::uuid, %(battle_id)s::uuid, %(token)s::text, %(created_by)s::uuid, %(created_at)s::timestamptz,
    %(expires_at)s::timestamptz)
"""
REVOKE_SHARE: Final[LiteralString] = """
UPDATE battle_shares SET revoked_at = %(now)s::timestamptz, revoked_by = %(account)s::uuid
WHERE id = %(share)s::uuid AND revoked_at IS NULL
"""
CARD: Final[LiteralString] = """
SELECT png FROM battle_cards
WHERE battle_id = %(battle)s::uuid AND revision = %(revision)s::integer AND design = %(design)s::integer
"""
SAVE_CARD: Final[LiteralString] = """
INSERT INTO battle_cards (battle_id, revision, design, png)
SELECT %(battle)s::uuid, %(revision)s::integer, %(design)s::integer, %(png)s::bytea
WHERE EXISTS (SELECT FROM battles WHERE id = %(battle)s::uuid)
ON CONFLICT (battle_id) DO UPDATE SET revision = excluded.revision, design = excluded.design, png = excluded.png
WHERE (battle_cards.design, battle_cards.revision) < (excluded.design, excluded.revision)
"""
CARD_LOSSES: Final[LiteralString] = """
SELECT occurred_at, side_id FROM battle_killmails WHERE battle_id = %(battle)s::uuid
ORDER BY occurred_at, killmail_id LIMIT %(limit)s::integer
"""
COUNT_SHIPS: Final[LiteralString] = """
SELECT count(*) FROM battle_killmails k LEFT JOIN ship_types t USING (ship_type_id)
WHERE k.battle_id = %(battle)s::uuid AND (t.group_id = 29 OR k.ship_type_id IN (670, 33328)) IS NOT TRUE
"""
TOP_LOSSES: Final[LiteralString] = with_unknown_names("""
SELECT k.killmail_id, k.occurred_at, k.side_id, k.isk_value,
    coalesce(ship.name, {unknown ship} || k.ship_type_id) AS ship_type_name,
    coalesce(pilot.name, corporation.name, {unknown character} || k.victim_character_id,
        {unknown corporation} || k.victim_corporation_id) AS victim_name
FROM battle_killmails k
LEFT JOIN entity_names ship ON ship.entity_type = 'ship_type' AND ship.id = k.ship_type_id
LEFT JOIN entity_names pilot ON pilot.entity_type = 'character' AND pilot.id = k.victim_character_id
LEFT JOIN entity_names corporation ON corporation.entity_type = 'corporation'
    AND corporation.id = k.victim_corporation_id
WHERE k.battle_id = %(battle)s::uuid ORDER BY k.isk_value DESC, k.killmail_id LIMIT %(limit)s::integer
""")
MAX_TOP_LOSSES: Final = 20


class ShareRepository:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def insert(self, share: Share) -> None:
        params = {
            "id": share.id,
            "battle_id": share.battle_id,
            "token": share.token,
            "created_by": share.created_by,
            "created_at": share.created_at,
            "expires_at": share.expires_at,
        }
        await self._connection.execute(INSERT_SHARE, params)

    async def has_room(self, battle_id: UUID, now: datetime) -> bool:
        """Whether the battle has fewer active shares than it may have."""
        return await self._connection.scalar(COUNT_ACTIVE, {"battle": battle_id, "now": now}) < MAX_ACTIVE

    async def find(self, battle_id: UUID, share_id: UUID) -> Share | None:
        return await self._connection.row(Share, SHARE, {"battle": battle_id, "share": share_id})

    async def find_by_token(self, token: str) -> Share | None:
        return await self._connection.row(Share, SHARE_BY_TOKEN, {"token": token})

    async def of_battle(self, battle_id: UUID) -> list[Share]:
        """The shares of a battle, the newest first."""
        return await self._connection.rows(Share, SHARES, {"battle": battle_id, "limit": MAX_LISTED})

    async def revoke(self, share_id: UUID, account_id: UUID | None, now: datetime) -> None:
        """Revoke the share, unless it is revoked already."""
        await self._connection.execute(REVOKE_SHARE, {"share": share_id, "account": account_id, "now": now})

    async def shared_battle(self, battle: Battle) -> SharedBattle:
        params = {"battle": battle.id, "limit": MAX_LOSSES}
        rows = await ListRowRepository(self._connection).of_battles([battle.id])
        top_losses = await self._connection.rows(TopLoss, TOP_LOSSES, {**params, "limit": MAX_TOP_LOSSES})
        return SharedBattle(
            battle=battle,
            sides=rows.sides.get(battle.id, []),
            top_parties=rows.top_parties.get(battle.id, []),
            losses=await self._connection.rows(CardLoss, CARD_LOSSES, params),
            ships=await self._connection.scalar(COUNT_SHIPS, params),
            top_losses=top_losses,
        )

    async def card(self, battle: Battle, design: int) -> bytes | None:
        """The image of this revision in this design; None while it is not rendered."""
        params = {"battle": battle.id, "revision": battle.revision, "design": design}
        return await self._connection.scalar(CARD, params)

    async def save_card(self, battle: Battle, design: int, png: bytes) -> None:
        """Store the image, unless a later one is stored."""
        params = {"battle": battle.id, "revision": battle.revision, "design": design, "png": png}
        await self._connection.execute(SAVE_CARD, params)
