"""Who was in which battle: the killmails it is computed from, and the rows with the result."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final, LiteralString

from battlescope_events.postgres.database import Connection
from search_index.domain.killmail import Killmail, Pilot
from search_index.domain.participation import EntityKey, Participation

SELECT_MEMBERS: Final[LiteralString] = """
SELECT member.battle_id::text, killmail_id, killmail_time, system_id, ship_type_id, victim_character_id,
    victim_corporation_id, victim_alliance_id, attacker_character_ids, attacker_corporation_ids,
    attacker_alliance_ids, attacker_ship_type_ids, attacker_count, total_value, is_npc, is_solo, value_revision,
    valuation_revision
FROM battle_killmails AS member JOIN killmails USING (killmail_id)
WHERE member.battle_id = ANY (%(battle_ids)s::uuid[])
"""
# Rows that are stored as they should be are neither written nor locked. Entities are recounted from their battles,
# never counted up, so that a repeated event changes nothing: these battles count as they come in, the others as stored.
# The affiliation of an entity is that of its last battle. Returns the entities whose row changed.
SAVE_PARTICIPATIONS: Final[LiteralString] = """
WITH incoming AS MATERIALIZED (
    SELECT * FROM unnest(%(entity_types)s::text[], %(entity_ids)s::bigint[], %(row_battle_ids)s::uuid[],
        %(kills)s::integer[], %(losses)s::integer[], %(last_seen_at)s::timestamptz[], %(corporation_ids)s::bigint[],
        %(alliance_ids)s::bigint[])
        AS entry (entity_type, entity_id, battle_id, kills, losses, last_seen_at, corporation_id, alliance_id)
), saved AS (
    INSERT INTO battle_entities (entity_type, entity_id, battle_id, kills, losses, last_seen_at, corporation_id,
        alliance_id)
    SELECT * FROM incoming AS new
    WHERE NOT EXISTS (
        SELECT FROM battle_entities AS old
        WHERE old.entity_type = new.entity_type AND old.entity_id = new.entity_id AND old.battle_id = new.battle_id
            AND (old.kills, old.losses, old.last_seen_at, old.corporation_id, old.alliance_id)
                IS NOT DISTINCT FROM (new.kills, new.losses, new.last_seen_at, new.corporation_id, new.alliance_id))
    ON CONFLICT (entity_type, entity_id, battle_id) DO UPDATE SET kills = EXCLUDED.kills, losses = EXCLUDED.losses,
        last_seen_at = EXCLUDED.last_seen_at, corporation_id = EXCLUDED.corporation_id,
        alliance_id = EXCLUDED.alliance_id
    RETURNING entity_type, entity_id
), removed AS (
    DELETE FROM battle_entities AS existing
    WHERE battle_id = ANY (%(battle_ids)s::uuid[]) AND NOT EXISTS (
        SELECT FROM incoming WHERE incoming.battle_id = existing.battle_id
            AND incoming.entity_type = existing.entity_type AND incoming.entity_id = existing.entity_id)
    RETURNING entity_type, entity_id
), concerned AS MATERIALIZED (
    SELECT entity_type, entity_id FROM saved UNION SELECT entity_type, entity_id FROM removed
    UNION SELECT * FROM unnest(%(key_types)s::text[], %(key_ids)s::bigint[])
), counted AS (
    SELECT concerned.entity_type, concerned.entity_id, count(b.battle_id)::integer AS battle_count,
        coalesce(sum(b.kills), 0)::integer AS kills, coalesce(sum(b.losses), 0)::integer AS losses,
        max(b.last_seen_at) AS last_seen_at,
        (array_agg(b.corporation_id ORDER BY b.last_seen_at DESC, b.battle_id)
            FILTER (WHERE concerned.entity_type = 'character'))[1] AS corporation_id,
        (array_agg(b.alliance_id ORDER BY b.last_seen_at DESC, b.battle_id)
            FILTER (WHERE concerned.entity_type IN ('character', 'corporation')))[1] AS alliance_id
    FROM concerned LEFT JOIN LATERAL (
        SELECT battle_id, kills, losses, last_seen_at, corporation_id, alliance_id FROM battle_entities AS old
        WHERE old.entity_type = concerned.entity_type AND old.entity_id = concerned.entity_id
            AND battle_id <> ALL (%(battle_ids)s::uuid[])
        UNION ALL SELECT battle_id, kills, losses, last_seen_at, corporation_id, alliance_id FROM incoming AS new
        WHERE new.entity_type = concerned.entity_type AND new.entity_id = concerned.entity_id
    ) AS b ON true
    GROUP BY concerned.entity_type, concerned.entity_id
)
UPDATE entities AS e SET battle_count = c.battle_count, kills = c.kills, losses = c.losses,
    last_seen_at = c.last_seen_at, is_searchable = c.battle_count > 0, corporation_id = c.corporation_id,
    alliance_id = c.alliance_id
FROM counted AS c
WHERE e.entity_type = c.entity_type AND e.entity_id = c.entity_id
    AND (e.battle_count, e.kills, e.losses, e.last_seen_at, e.corporation_id, e.alliance_id)
        IS DISTINCT FROM (c.battle_count, c.kills, c.losses, c.last_seen_at, c.corporation_id, c.alliance_id)
RETURNING e.entity_type, e.entity_id
"""
SELECT_ENTITY_IDS: Final[LiteralString] = """
SELECT battle_id::text, entity_type, array_agg(entity_id::text ORDER BY kills + losses DESC, entity_id) AS entity_ids
FROM battle_entities WHERE battle_id = ANY (%(battle_ids)s::uuid[])
GROUP BY battle_id, entity_type
"""


@dataclass(frozen=True, slots=True)
class MemberRow:
    """A killmail of a battle."""

    battle_id: str
    killmail_id: int
    killmail_time: datetime
    system_id: int
    ship_type_id: int | None
    victim_character_id: int | None
    victim_corporation_id: int | None
    victim_alliance_id: int | None
    attacker_character_ids: list[int | None]
    attacker_corporation_ids: list[int | None]
    attacker_alliance_ids: list[int | None]
    attacker_ship_type_ids: list[int | None]
    attacker_count: int
    total_value: Decimal | None
    is_npc: bool
    is_solo: bool
    value_revision: int
    valuation_revision: int


@dataclass(frozen=True, slots=True)
class _EntityIds:
    battle_id: str
    entity_type: str
    entity_ids: list[str]


def by_battle(battle_ids: Iterable[str], rows: Iterable[MemberRow]) -> dict[str, list[Killmail]]:
    """The stored killmails of each battle; those that have not come yet are missing."""
    killmails: dict[str, list[Killmail]] = {battle_id: [] for battle_id in battle_ids}
    for row in rows:
        killmails[row.battle_id].append(_killmail(row))
    return killmails


async def entity_ids(connection: Connection, battle_ids: Sequence[str]) -> dict[str, dict[str, list[str]]]:
    """By battle and entity type, those on the most killmails first."""
    ids: dict[str, dict[str, list[str]]] = {battle_id: {} for battle_id in battle_ids}
    for row in await connection.rows(_EntityIds, SELECT_ENTITY_IDS, {"battle_ids": list(battle_ids)}):
        ids[row.battle_id][row.entity_type] = row.entity_ids
    return ids


def params_of(battles: Mapping[str, Mapping[EntityKey, Participation]], keys: Collection[EntityKey]) -> dict[str, Any]:
    """The parameters of `SAVE_PARTICIPATIONS`: all participations of these battles; `keys` are recounted too."""
    rows = sorted(_rows(battles), key=lambda row: row[:3])
    columns: Iterable[Sequence[Any]] = zip(*rows, strict=True) if rows else [()] * 8
    names = (
        *("entity_types", "entity_ids", "row_battle_ids", "kills"),
        *("losses", "last_seen_at", "corporation_ids", "alliance_ids"),
    )
    return {name: list(column) for name, column in zip(names, columns, strict=True)} | {
        "battle_ids": list(battles),
        "key_types": [entity_type for entity_type, _ in keys],
        "key_ids": [entity_id for _, entity_id in keys],
    }


def _rows(battles: Mapping[str, Mapping[EntityKey, Participation]]) -> Iterable[tuple[Any, ...]]:
    return (
        (*key, battle_id, *participation)
        for battle_id, participations in battles.items()
        for key, participation in participations.items()
    )


def _killmail(row: MemberRow) -> Killmail:
    attackers = zip(
        row.attacker_character_ids,
        row.attacker_corporation_ids,
        row.attacker_alliance_ids,
        row.attacker_ship_type_ids,
        strict=True,
    )
    return Killmail(
        killmail_id=row.killmail_id,
        killmail_time=row.killmail_time,
        system_id=row.system_id,
        victim=Pilot(row.victim_character_id, row.victim_corporation_id, row.victim_alliance_id, row.ship_type_id),
        attackers=tuple(Pilot(*attacker) for attacker in attackers),
        attacker_count=row.attacker_count,
        value=row.total_value,
        is_npc=row.is_npc,
        is_solo=row.is_solo,
        value_revision=row.value_revision,
        valuation_revision=row.valuation_revision,
    )
