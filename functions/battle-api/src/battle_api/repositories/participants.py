"""The pilots of a battle, their ships and losses."""

from collections.abc import Sequence
from typing import Any, Final, LiteralString
from uuid import UUID

from battle_api.domain.participant_rows import (
    EVERYBODY,
    FirstSeenRow,
    LossRow,
    Participant,
    ParticipantFilter,
    ShipRow,
)
from battle_api.repositories.shown_names import with_unknown_names
from battlescope_events.postgres.database import Connection

_FROM: Final[LiteralString] = """
FROM battle_participants p
LEFT JOIN entity_names pilot ON pilot.entity_type = 'character' AND pilot.id = p.character_id
LEFT JOIN entity_names alliance ON alliance.entity_type = 'alliance' AND alliance.id = p.alliance_id
LEFT JOIN entity_names corp ON corp.entity_type = 'corporation' AND corp.id = p.corporation_id
"""
_MATCHES: Final[LiteralString] = """
WHERE p.battle_id = %(id)s::uuid AND (%(side)s::smallint IS NULL OR p.side_id = %(side)s::smallint)
    AND (%(alliance_id)s::bigint IS NULL OR p.alliance_id = %(alliance_id)s::bigint)
    AND (%(corp_id)s::bigint IS NULL OR p.corporation_id = %(corp_id)s::bigint)
    AND (%(q)s::text IS NULL OR pilot.name ILIKE %(q)s::text)
    AND (%(groups)s::bigint[] IS NULL OR EXISTS (
        SELECT FROM battle_participant_ships s JOIN ship_types t USING (ship_type_id)
        WHERE s.battle_id = p.battle_id AND s.character_id = p.character_id AND (
            t.group_id = ANY(%(groups)s::bigint[])
            OR %(not_groups)s::bigint[] IS NOT NULL AND t.group_id <> ALL(%(not_groups)s::bigint[]))))
"""
_PILOT: Final[LiteralString] = with_unknown_names("""
SELECT p.character_id::text, p.alliance_id::text, p.corporation_id::text AS corp_id, p.side_id, p.is_victim,
    p.kills, p.deaths,
    p.damage_done, p.damage_received, p.isk_destroyed, p.isk_lost, p.first_seen_at, p.last_seen_at, p.is_awoxer,
    coalesce(pilot.name, {unknown character} || p.character_id) AS character_name,
    coalesce(alliance.name, {unknown alliance} || p.alliance_id) AS alliance_name, alliance.ticker AS alliance_ticker,
    coalesce(corp.name, {unknown corporation} || p.corporation_id) AS corp_name, corp.ticker AS corp_ticker,
    coalesce(blows.final_blows, 0)::integer AS final_blows
""")
_FINAL_BLOWS: Final[LiteralString] = """
LEFT JOIN (
    SELECT final_blow_character_id AS character_id, count(*) AS final_blows FROM battle_killmails
    WHERE battle_id = %(id)s::uuid GROUP BY final_blow_character_id
) AS blows ON blows.character_id = p.character_id
"""
_ORDER: Final[LiteralString] = """
ORDER BY CASE %(sort)s::text
        WHEN 'deaths' THEN p.deaths WHEN 'isk_destroyed' THEN p.isk_destroyed WHEN 'isk_lost' THEN p.isk_lost
        WHEN 'damage_done' THEN p.damage_done WHEN 'damage_received' THEN p.damage_received
        WHEN 'final_blows' THEN coalesce(blows.final_blows, 0) WHEN 'kills' THEN p.kills END DESC NULLS LAST,
    CASE %(sort)s::text WHEN 'first_seen' THEN p.first_seen_at END,
    CASE %(sort)s::text WHEN 'name' THEN lower(pilot.name) END,
    p.character_id
LIMIT %(limit)s::integer OFFSET %(offset)s::integer
"""
PARTICIPANTS: Final[LiteralString] = _PILOT + _FROM + _FINAL_BLOWS + _MATCHES + _ORDER
COUNT: Final[LiteralString] = "SELECT count(*) " + _FROM + _MATCHES
SHIPS: Final[LiteralString] = with_unknown_names("""
SELECT s.character_id, s.ship_type_id, s.kills, s.losses, t.group_id,
    coalesce((SELECT n.name FROM entity_names n WHERE n.entity_type = 'ship_type' AND n.id = s.ship_type_id),
        {unknown ship} || s.ship_type_id) AS ship_type_name
FROM battle_participant_ships s LEFT JOIN ship_types t USING (ship_type_id)
WHERE s.battle_id = %(id)s::uuid AND s.character_id = ANY(%(characters)s::bigint[])
ORDER BY s.character_id, s.losses DESC, s.kills DESC, s.ship_type_id LIMIT 20000
""")
LOSSES: Final[LiteralString] = """
SELECT k.killmail_id, k.occurred_at, k.victim_character_id AS character_id, k.ship_type_id, k.isk_value,
    (t.group_id = 29 OR k.ship_type_id IN (670, 33328)) IS TRUE AS is_capsule
FROM battle_killmails k LEFT JOIN ship_types t USING (ship_type_id)
WHERE k.battle_id = %(id)s::uuid AND k.victim_character_id = ANY(%(characters)s::bigint[])
ORDER BY k.occurred_at, k.killmail_id LIMIT 20000
"""


FIRST_SEEN: Final[LiteralString] = """
SELECT first_seen_at, side_id, count(*)::integer AS pilots FROM battle_participants WHERE battle_id = %(id)s::uuid
GROUP BY first_seen_at, side_id ORDER BY first_seen_at, side_id LIMIT 20000
"""


class ParticipantRepository:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def page(
        self, battle_id: UUID, limit: int, offset: int = 0, *, sort: str = "kills", only: ParticipantFilter = EVERYBODY
    ) -> list[Participant]:
        """Pilots with the largest number of `sort` first; by name and first appearance ascending."""
        params = {**_params(battle_id, only), "sort": sort, "limit": limit, "offset": offset}
        return await self._connection.rows(Participant, PARTICIPANTS, params)

    async def count(self, battle_id: UUID, only: ParticipantFilter = EVERYBODY) -> int:
        return await self._connection.scalar(COUNT, _params(battle_id, only))

    async def first_seen(self, battle_id: UUID) -> list[FirstSeenRow]:
        """In order of time."""
        return await self._connection.rows(FirstSeenRow, FIRST_SEEN, {"id": battle_id})

    async def ships(self, battle_id: UUID, character_ids: Sequence[int]) -> list[ShipRow]:
        params = {"id": battle_id, "characters": list(character_ids)}
        return await self._connection.rows(ShipRow, SHIPS, params)

    async def losses(self, battle_id: UUID, character_ids: Sequence[int]) -> list[LossRow]:
        """What these pilots lost, in order of time."""
        params = {"id": battle_id, "characters": list(character_ids)}
        return await self._connection.rows(LossRow, LOSSES, params)


def _params(battle_id: UUID, only: ParticipantFilter) -> dict[str, Any]:
    return {
        "id": battle_id,
        "side": only.side,
        "alliance_id": only.alliance_id,
        "corp_id": only.corp_id,
        "q": only.name,
        "groups": None if only.groups is None else list(only.groups),
        "not_groups": None if only.not_groups is None else list(only.not_groups),
    }
