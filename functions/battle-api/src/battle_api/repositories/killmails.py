"""The killmails of a battle."""

from datetime import datetime
from decimal import Decimal
from typing import Final, LiteralString
from uuid import UUID

from battle_api.domain.rows import BattleKillmail
from battlescope_events.postgres.database import Connection

_KILLMAIL: Final[LiteralString] = """
SELECT k.killmail_id, k.occurred_at, k.system_id, k.victim_alliance_id, k.victim_corporation_id, k.victim_character_id,
    k.ship_type_id, k.attacker_alliance_ids, k.attacker_corporation_ids, k.attacker_character_ids, k.isk_value,
    k.value_basis, k.fitted_value, k.dropped_value, k.unpriced_types, k.side_id, k.attacker_count,
    k.final_blow_character_id, k.final_blow_corporation_id,
    k.final_blow_alliance_id, k.final_blow_ship_type_id, k.attackers_by_side, k.npc, k.solo, k.awox,
    link.reason AS link_reason, link.score AS link_score
FROM battle_killmails k
LEFT JOIN (
    SELECT DISTINCT ON (killmail_id) killmail_id, reason, score
    FROM battle_links, unnest(ARRAY[from_killmail_id, to_killmail_id]) AS killmail_id
    WHERE battle_id = %(id)s::uuid ORDER BY killmail_id, score DESC, reason
) AS link USING (killmail_id)
WHERE k.battle_id = %(id)s::uuid AND (%(side)s::smallint IS NULL OR k.side_id = %(side)s::smallint)
"""
KILLMAILS: Final[LiteralString] = (
    _KILLMAIL
    + """
    AND (%(time)s::timestamptz IS NULL OR (k.occurred_at, k.killmail_id) > (%(time)s::timestamptz, %(last)s::bigint))
ORDER BY k.occurred_at, k.killmail_id LIMIT %(limit)s::integer OFFSET %(offset)s::integer
"""
)
KILLMAILS_BY_ISK: Final[LiteralString] = (
    _KILLMAIL
    + """
    AND (%(isk)s::numeric IS NULL OR (k.isk_value, k.killmail_id) < (%(isk)s::numeric, %(last)s::bigint))
ORDER BY k.isk_value DESC, k.killmail_id DESC LIMIT %(limit)s::integer OFFSET %(offset)s::integer
"""
)
# A timeline of the longest battles without the attackers, which are most of a row, and without links.
LOSSES: Final[LiteralString] = """
SELECT killmail_id, occurred_at, system_id, victim_alliance_id, victim_corporation_id, victim_character_id,
    ship_type_id, '{}'::bigint[] AS attacker_alliance_ids, '{}'::bigint[] AS attacker_corporation_ids,
    '{}'::bigint[] AS attacker_character_ids, isk_value, value_basis, fitted_value, dropped_value,
    unpriced_types, side_id, attacker_count,
    final_blow_character_id, final_blow_corporation_id, final_blow_alliance_id, final_blow_ship_type_id,
    '[]'::jsonb AS attackers_by_side, npc, solo, awox, NULL AS link_reason, NULL::real AS link_score
FROM battle_killmails WHERE battle_id = %(id)s::uuid ORDER BY occurred_at, killmail_id LIMIT %(limit)s::integer
"""
KILLMAIL: Final[LiteralString] = _KILLMAIL + " AND k.killmail_id = %(killmail_id)s::bigint"
KILLMAILS_BY_ID: Final[LiteralString] = (
    _KILLMAIL
    + """
    AND k.killmail_id = ANY(%(killmail_ids)s::bigint[]) ORDER BY k.occurred_at, k.killmail_id LIMIT 10000
"""
)


class KillmailRepository:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def in_time(
        self,
        battle_id: UUID,
        limit: int,
        offset: int = 0,
        *,
        side: int | None = None,
        after: tuple[datetime, int] | None = None,
    ) -> list[BattleKillmail]:
        """Killmails in order of time, from the position on."""
        time, last = after or (None, None)
        params = {"id": battle_id, "limit": limit, "offset": offset, "side": side, "time": time, "last": last}
        return await self._connection.rows(BattleKillmail, KILLMAILS, params)

    async def losses(self, battle_id: UUID, limit: int) -> list[BattleKillmail]:
        """Killmails in order of time, without attackers and links."""
        return await self._connection.rows(BattleKillmail, LOSSES, {"id": battle_id, "limit": limit})

    async def by_isk(
        self, battle_id: UUID, limit: int, offset: int, *, side: int | None, after: tuple[Decimal, int] | None
    ) -> list[BattleKillmail]:
        """Killmails with the most valuable first, from the position on."""
        isk, last = after or (None, None)
        params = {"id": battle_id, "limit": limit, "offset": offset, "side": side, "isk": isk, "last": last}
        return await self._connection.rows(BattleKillmail, KILLMAILS_BY_ISK, params)

    async def find(self, battle_id: UUID, killmail_id: int) -> BattleKillmail | None:
        params = {"id": battle_id, "side": None, "killmail_id": killmail_id}
        return await self._connection.row(BattleKillmail, KILLMAIL, params)

    async def of_ids(self, battle_id: UUID, killmail_ids: list[int]) -> list[BattleKillmail]:
        """Those of these killmails that are in the battle, in order of time."""
        params = {"id": battle_id, "side": None, "killmail_ids": killmail_ids}
        return await self._connection.rows(BattleKillmail, KILLMAILS_BY_ID, params)
