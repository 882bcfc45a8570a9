"""Sides, parties, systems, links and names of one battle; each list has a limit."""

from collections.abc import Collection, Iterable, Sequence
from typing import Any, Final, LiteralString
from uuid import UUID

from battle_api.domain.battle_rows import (
    CapsuleRow,
    CorporationRow,
    JumpRow,
    Jumps,
    LinkRow,
    Names,
    PartyRow,
    PinRow,
    SideShipRow,
)
from battle_api.domain.rows import NameKey
from battle_api.repositories.party_order import PARTY_ORDER
from battle_api.repositories.shown_names import with_unknown_names
from battle_api.schemas import battles as schemas
from battlescope_events.postgres.database import Connection

SYSTEMS: Final[LiteralString] = with_unknown_names("""
SELECT k.*, s.security_status, s.wormhole_class AS system_class, s.system_effect,
    coalesce((SELECT n.name FROM entity_names n WHERE n.entity_type = 'system' AND n.id = k.system_id),
        {unknown system} || k.system_id) AS system_name
FROM (
    SELECT system_id, count(*)::integer AS killmails, min(occurred_at) AS first_at, max(occurred_at) AS last_at
    FROM battle_killmails WHERE battle_id = %(id)s::uuid GROUP BY system_id
) AS k
LEFT JOIN solar_systems s USING (system_id) ORDER BY k.killmails DESC, k.system_id LIMIT 1000
""")
SIDES: Final[LiteralString] = """
SELECT s.side_id, s.pilots, s.kills, s.losses, s.ships_destroyed, s.ships_lost,
    s.losses - s.ships_lost AS capsules_lost,
    s.isk_destroyed, s.isk_lost, s.isk_lost_fitted, s.isk_efficiency, coalesce(p.damage_done, 0)::bigint AS damage_done,
    coalesce(p.damage_received, 0)::bigint AS damage_received, coalesce(f.final_blows, 0)::integer AS final_blows
FROM battle_sides s
LEFT JOIN (
    SELECT side_id, sum(damage_done) AS damage_done, sum(damage_received) AS damage_received
    FROM battle_participants WHERE battle_id = %(id)s::uuid GROUP BY side_id
) AS p USING (side_id)
LEFT JOIN (
    SELECT pilot.side_id, count(*) AS final_blows FROM battle_killmails k
    JOIN battle_participants pilot
        ON pilot.battle_id = k.battle_id AND pilot.character_id = k.final_blow_character_id
    WHERE k.battle_id = %(id)s::uuid GROUP BY pilot.side_id
) AS f USING (side_id)
WHERE s.battle_id = %(id)s::uuid ORDER BY s.side_id LIMIT 100
"""
PARTIES: Final[LiteralString] = with_unknown_names("""
SELECT p.party_type, p.party_id, p.side_id, p.role, p.confidence, p.evidence, p.second_best_side_id,
    p.pilots, p.kills, p.losses,
    p.isk_destroyed, p.isk_lost, p.isk_lost_fitted, n.ticker,
    coalesce(n.name, CASE p.party_type WHEN 'alliance' THEN {unknown alliance} ELSE {unknown corporation} END
        || p.party_id) AS party_name
FROM battle_side_parties p LEFT JOIN entity_names n ON n.entity_type = p.party_type AND n.id = p.party_id
WHERE p.battle_id = %(id)s::uuid
ORDER BY p.side_id, {party order} LIMIT 1000
""").replace("{party order}", PARTY_ORDER)
CORPORATIONS: Final[LiteralString] = with_unknown_names("""
SELECT p.*, coalesce(n.name, {unknown corporation} || p.corporation_id) AS corp_name, n.ticker
FROM (
    SELECT side_id, alliance_id, corporation_id, count(*)::integer AS pilots, sum(deaths)::integer AS lost,
        min(first_seen_at) AS first_seen_at
    FROM battle_participants WHERE battle_id = %(id)s::uuid GROUP BY side_id, alliance_id, corporation_id
) AS p
LEFT JOIN entity_names n ON n.entity_type = 'corporation' AND n.id = p.corporation_id
ORDER BY p.pilots DESC, p.corporation_id LIMIT 5000
""")
# Capsules that each side lost, by the victim's alliance and corporation.
CAPSULES: Final[LiteralString] = """
SELECT k.side_id, k.victim_alliance_id AS alliance_id, k.victim_corporation_id AS corporation_id,
    count(*)::integer AS capsules
FROM battle_killmails k LEFT JOIN ship_types t USING (ship_type_id)
WHERE k.battle_id = %(id)s::uuid AND (t.group_id = 29 OR k.ship_type_id IN (670, 33328))
GROUP BY k.side_id, k.victim_alliance_id, k.victim_corporation_id LIMIT 5000
"""
# Ships that pilots flew, and those lost: structures and drones have no pilot, so that the lost ones may not be seen.
SIDE_SHIPS: Final[LiteralString] = """
SELECT coalesce(seen.side_id, lost.side_id) AS side_id, ship_type_id, t.group_id,
    coalesce(seen.pilots, 0)::integer AS seen, coalesce(lost.killmails, 0)::integer AS lost,
    coalesce(lost.isk_lost, 0) AS isk_lost
FROM (
    SELECT p.side_id, s.ship_type_id, count(*) AS pilots
    FROM battle_participant_ships s JOIN battle_participants p USING (battle_id, character_id)
    WHERE s.battle_id = %(id)s::uuid AND p.side_id IS NOT NULL GROUP BY p.side_id, s.ship_type_id
) AS seen
FULL JOIN (
    SELECT side_id, ship_type_id, count(*) AS killmails, sum(isk_value) AS isk_lost
    FROM battle_killmails WHERE battle_id = %(id)s::uuid AND side_id IS NOT NULL GROUP BY side_id, ship_type_id
) AS lost USING (side_id, ship_type_id)
LEFT JOIN ship_types t USING (ship_type_id)
ORDER BY side_id, isk_lost DESC, seen DESC, ship_type_id LIMIT 2000
"""
PINS: Final[LiteralString] = """
SELECT e.id AS edit_id, e.author, e.data->>'partyType' AS party_type, (e.data->>'partyId')::bigint AS party_id
FROM battle_edits e
WHERE e.kind = 'pin' AND e.undone_at IS NULL
    AND e.killmail_ids && ARRAY(SELECT killmail_id FROM battle_killmails WHERE battle_id = %(id)s::uuid)
ORDER BY e.seq LIMIT 1000
"""
ALIASES: Final[LiteralString] = """
SELECT alias_id FROM battle_aliases WHERE battle_id = %(id)s::uuid ORDER BY created_at, alias_id LIMIT 1000
"""
SUGGESTIONS: Final[LiteralString] = "SELECT suggestions FROM battles WHERE id = %(id)s::uuid"
REASONS: Final[LiteralString] = """
SELECT reason, count(*) AS count FROM battle_links WHERE battle_id = %(id)s::uuid
GROUP BY reason ORDER BY count(*) DESC, reason LIMIT 20
"""
LINKS: Final[LiteralString] = """
SELECT from_killmail_id, to_killmail_id, reason, score, quiet_limit_seconds FROM battle_links
WHERE battle_id = %(id)s::uuid
ORDER BY from_killmail_id, to_killmail_id, reason LIMIT %(limit)s::integer
"""
LINKS_OF_KILLMAIL: Final[LiteralString] = """
SELECT from_killmail_id, to_killmail_id, reason, score, quiet_limit_seconds FROM battle_links
WHERE battle_id = %(id)s::uuid AND %(killmail_id)s::bigint IN (from_killmail_id, to_killmail_id)
ORDER BY score DESC, from_killmail_id, to_killmail_id, reason LIMIT %(limit)s::integer
"""
# Of these systems to each other. Systems without known neighbours, as those of wormholes, have no row.
JUMPS: Final[LiteralString] = """
SELECT s.system_id, nearby.system_id AS other_system_id,
    CASE WHEN nearby.system_id = ANY(s.adjacent_system_ids) THEN 1 ELSE 2 END AS jumps
FROM solar_systems s CROSS JOIN LATERAL unnest(s.nearby_system_ids) AS nearby (system_id)
WHERE s.system_id = ANY(%(ids)s::bigint[]) AND nearby.system_id = ANY(%(ids)s::bigint[])
    AND s.adjacent_system_ids IS NOT NULL
LIMIT 10000
"""
NAMES: Final[LiteralString] = """
SELECT entity_type, id, name, ticker FROM entity_names
JOIN unnest(%(types)s::text[], %(ids)s::bigint[]) AS requested (entity_type, id) USING (entity_type, id)
"""
SHIP_GROUPS: Final[LiteralString] = """
SELECT ship_type_id, group_id FROM ship_types WHERE ship_type_id = ANY(%(ids)s::bigint[])
"""


class BattleRowRepository:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def systems(self, battle_id: UUID) -> list[schemas.SystemItem]:
        return await self._connection.rows(schemas.SystemItem, SYSTEMS, {"id": battle_id})

    async def sides(self, battle_id: UUID) -> list[schemas.SideRow]:
        return await self._connection.rows(schemas.SideRow, SIDES, {"id": battle_id})

    async def parties(self, battle_id: UUID) -> list[PartyRow]:
        return await self._connection.rows(PartyRow, PARTIES, {"id": battle_id})

    async def corporations(self, battle_id: UUID) -> list[CorporationRow]:
        return await self._connection.rows(CorporationRow, CORPORATIONS, {"id": battle_id})

    async def capsules(self, battle_id: UUID) -> list[CapsuleRow]:
        return await self._connection.rows(CapsuleRow, CAPSULES, {"id": battle_id})

    async def side_ships(self, battle_id: UUID) -> list[SideShipRow]:
        return await self._connection.rows(SideShipRow, SIDE_SHIPS, {"id": battle_id})

    async def pins(self, battle_id: UUID) -> list[PinRow]:
        """The pins that are not undone, in the order in which they were made."""
        return await self._connection.rows(PinRow, PINS, {"id": battle_id})

    async def alias_ids(self, battle_id: UUID) -> list[UUID]:
        return await self._connection.column(ALIASES, {"id": battle_id})

    async def link_reasons(self, battle_id: UUID) -> list[schemas.LinkReason]:
        return await self._connection.rows(schemas.LinkReason, REASONS, {"id": battle_id})

    async def links(self, battle_id: UUID, limit: int) -> list[LinkRow]:
        return await self._connection.rows(LinkRow, LINKS, {"id": battle_id, "limit": limit})

    async def links_of_killmail(self, battle_id: UUID, killmail_id: int, limit: int) -> list[LinkRow]:
        """The links of one killmail, the strongest first."""
        params = {"id": battle_id, "killmail_id": killmail_id, "limit": limit}
        return await self._connection.rows(LinkRow, LINKS_OF_KILLMAIL, params)

    async def jumps(self, system_ids: Collection[int]) -> Jumps:
        """The gate jumps between these systems, where they are at most two and known."""
        if len(system_ids) < 2:  # noqa: PLR2004  # most battles have one system
            return Jumps({})
        rows = await self._connection.rows(JumpRow, JUMPS, {"ids": list(system_ids)})
        return Jumps({frozenset((row.system_id, row.other_system_id)): row.jumps for row in rows})

    async def suggestions(self, battle_id: UUID) -> Any:
        """The suggested edits, as battle-cluster stored them."""
        return await self._connection.scalar(SUGGESTIONS, {"id": battle_id})

    async def names(self, keys: Iterable[NameKey]) -> Names:
        """What is known of these entities; ship types bring their groups with them."""
        wanted = set(keys)
        groups = await self.ship_groups([entity_id for kind, entity_id in wanted if kind == "ship_type"])
        ordered = sorted(wanted | {("ship_group", group) for group in groups.values()})
        # As text of arrays: the driver would adapt thousands of values one by one. Kinds are words of this project.
        kinds, ids = ",".join([kind for kind, _ in ordered]), ",".join([str(entity_id) for _, entity_id in ordered])
        params = {"types": f"{{{kinds}}}", "ids": f"{{{ids}}}"}
        rows = await (await self._connection.execute(NAMES, params)).fetchall()
        names = {(kind, entity_id): name for kind, entity_id, name, _ in rows}
        tickers = {(kind, entity_id): ticker for kind, entity_id, _, ticker in rows if ticker}
        return Names(names, tickers, groups)

    async def ship_groups(self, ship_type_ids: Sequence[int]) -> dict[int, int]:
        rows = await (await self._connection.execute(SHIP_GROUPS, {"ids": sorted(ship_type_ids)})).fetchall()
        return dict(rows)
