"""Who was in which battle: the killmails it is computed from, and the rows with the result."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, LiteralString

from psycopg import AsyncCursor

from battlescope_events.postgres.database import Connection
from search_index.domain.entity_key import EntityKey
from search_index.domain.killmail import Killmail, Pilot
from search_index.domain.participation import Participation
from search_index.domain.participation_changes import ParticipationChanges, Participations
from search_index.persistence.rows import array

# Those that are not counted yet, or all; one that has not come is a row without a killmail.
SELECT_MEMBERS: Final[LiteralString] = """
SELECT member.battle_id::text, member.is_counted, killmails.killmail_id, killmail_time, system_id,
    ARRAY[victim_character_id, victim_corporation_id, victim_alliance_id, ship_type_id], attacker_character_ids,
    attacker_corporation_ids, attacker_alliance_ids, attacker_ship_type_ids, attacker_count, total_value, is_npc,
    is_solo, value_revision, valuation_revision
FROM battle_killmails AS member LEFT JOIN killmails USING (killmail_id)
WHERE member.battle_id = ANY (%(battle_ids)s::uuid[]) AND (%(is_whole)s::boolean OR NOT member.is_counted)
"""
SELECT_PARTICIPATIONS: Final[LiteralString] = """
SELECT battle_id::text, entity_type, entity_id, kills, losses, last_seen_at, corporation_id, alliance_id
FROM battle_entities WHERE battle_id = ANY (%(battle_ids)s::uuid[])
"""
SAVE_PARTICIPATIONS: Final[LiteralString] = """
INSERT INTO battle_entities (entity_type, entity_id, battle_id, kills, losses, last_seen_at, corporation_id,
    alliance_id)
SELECT * FROM unnest(%(entity_types)s::text[], %(entity_ids)s::bigint[], %(row_battle_ids)s::uuid[],
    %(kills)s::integer[], %(losses)s::integer[], %(last_seen_at)s::timestamptz[], %(corporation_ids)s::bigint[],
    %(alliance_ids)s::bigint[])
ON CONFLICT (entity_type, entity_id, battle_id) DO UPDATE SET kills = EXCLUDED.kills, losses = EXCLUDED.losses,
    last_seen_at = EXCLUDED.last_seen_at, corporation_id = EXCLUDED.corporation_id, alliance_id = EXCLUDED.alliance_id
"""
DELETE_PARTICIPATIONS: Final[LiteralString] = """
DELETE FROM battle_entities AS existing
USING unnest(%(entity_types)s::text[], %(entity_ids)s::bigint[], %(battle_ids)s::uuid[])
    AS gone (entity_type, entity_id, battle_id)
WHERE existing.entity_type = gone.entity_type AND existing.entity_id = gone.entity_id
    AND existing.battle_id = gone.battle_id
"""
SELECT_ENTITY_IDS: Final[LiteralString] = """
SELECT battle_id::text, entity_type, array_agg(entity_id::text ORDER BY kills + losses DESC, entity_id) AS entity_ids
FROM battle_entities WHERE battle_id = ANY (%(battle_ids)s::uuid[])
GROUP BY battle_id, entity_type
"""


@dataclass(frozen=True, slots=True)
class _EntityIds:
    battle_id: str
    entity_type: str
    entity_ids: list[str]


@dataclass(slots=True)
class Members:
    """Killmails of a battle: those that have come, how many have not, and which are not counted in its rows yet."""

    killmails: list[Killmail] = field(default_factory=list[Killmail])
    missing: int = 0
    uncounted_ids: list[int] = field(default_factory=list[int])

    def add(self, killmail: Killmail, *, is_counted: bool) -> None:
        self.killmails.append(killmail)
        if not is_counted:
            self.uncounted_ids.append(killmail.killmail_id)


async def members_by_battle(battle_ids: Iterable[str], cursor: AsyncCursor[tuple[Any, ...]]) -> dict[str, Members]:
    """The result of `SELECT_MEMBERS`."""
    members = {battle_id: Members() for battle_id in battle_ids}
    for battle_id, is_counted, killmail_id, *columns in await cursor.fetchall():
        if killmail_id is None:
            members[battle_id].missing += 1
        else:
            members[battle_id].add(_killmail([killmail_id, *columns]), is_counted=is_counted)
    return members


async def entity_ids(connection: Connection, battle_ids: Sequence[str]) -> dict[str, dict[str, list[str]]]:
    """By battle and entity type, those on the most killmails first."""
    ids: dict[str, dict[str, list[str]]] = {battle_id: {} for battle_id in battle_ids}
    for row in await connection.rows(_EntityIds, SELECT_ENTITY_IDS, {"battle_ids": list(battle_ids)}):
        ids[row.battle_id][row.entity_type] = row.entity_ids
    return ids


async def stored_participations(cursor: AsyncCursor[tuple[Any, ...]]) -> Participations:
    """The result of `SELECT_PARTICIPATIONS`, by battle."""
    stored = dict[str, dict[EntityKey, Participation]]()
    for battle_id, entity_type, entity_id, *columns in await cursor.fetchall():
        stored.setdefault(battle_id, {})[entity_type, entity_id] = Participation(*columns)
    return stored


def saved_params(changes: ParticipationChanges) -> dict[str, Any]:
    """The parameters of `SAVE_PARTICIPATIONS`, sorted by key, so that no two writers lock rows crosswise."""
    rows = sorted([(*key, battle_id, *participation) for battle_id, key, participation in changes.saved])
    columns: Iterable[Sequence[Any]] = zip(*rows, strict=True) if rows else [()] * 8
    names = (
        *("entity_types", "entity_ids", "row_battle_ids", "kills"),
        *("losses", "last_seen_at", "corporation_ids", "alliance_ids"),
    )
    return {name: array(column) for name, column in zip(names, columns, strict=True)}


def removed_params(changes: ParticipationChanges) -> dict[str, Any]:
    """The parameters of `DELETE_PARTICIPATIONS`."""
    return {
        "entity_types": array(key[0] for _, key in changes.removed),
        "entity_ids": array(key[1] for _, key in changes.removed),
        "battle_ids": array(battle_id for battle_id, _ in changes.removed),
    }


def _killmail(columns: Sequence[Any]) -> Killmail:
    """From the columns of `SELECT_MEMBERS`, in their order."""
    killmail_id, time, system_id, victim, characters, corporations, alliances, ship_types, *others = columns
    attackers = map(Pilot._make, zip(characters, corporations, alliances, ship_types, strict=True))
    return Killmail(killmail_id, time, system_id, Pilot(*victim), tuple(attackers), *others)
