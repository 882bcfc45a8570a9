"""Writes what changed in battles, and what is to be told of it: one statement for nearly every mail.

Rows arrive as one JSON parameter a table, so the statement is the same whatever their number. Sent one by one, eleven
statements cost more than what they did.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, LiteralString, NamedTuple

import orjson
from psycopg import AsyncConnection

from battle_cluster.domain.killmail import Killmail
from battle_cluster.messaging.enriched_killmail import Name
from battle_cluster.persistence.copy_format import copied
from battle_cluster.persistence.parameters import blocks
from battle_cluster.persistence.rows import Rows
from battlescope_events.messages import Message

Row = Mapping[str, Any]

_SET_COMPONENTS: Final[LiteralString] = """
UPDATE mails AS m SET component_id = new.component_id
FROM json_to_recordset(%(components)s::json) AS new (killmail_id bigint, component_id uuid)
WHERE m.killmail_id = new.killmail_id AND m.component_id IS DISTINCT FROM new.component_id
"""
_SAVE_BATTLES: Final[LiteralString] = """
INSERT INTO battles (id, system_id, region_id, security_type, start_time, end_time, last_killmail_at, status, tier,
    total_kills, total_participants, total_isk_destroyed, zkill_related_url, is_decisive, winning_side,
    separate_fights, revision, quiet_seconds, name)
SELECT id, system_id, region_id, security_type, to_timestamp(start_time), to_timestamp(end_time),
    to_timestamp(end_time), status, tier, total_kills, total_participants, total_isk_destroyed, zkill_related_url,
    is_decisive, winning_side, separate_fights, revision, quiet, name
FROM json_to_recordset(%(battles)s::json) AS new (id uuid, system_id bigint, region_id bigint, security_type text,
    start_time float8, end_time float8, status text, tier text, total_kills integer, total_participants integer,
    total_isk_destroyed numeric, zkill_related_url text, is_decisive boolean, winning_side smallint,
    separate_fights boolean, revision integer, quiet integer, name text)
ON CONFLICT (id) DO UPDATE SET system_id = excluded.system_id, region_id = excluded.region_id,
    security_type = excluded.security_type, start_time = excluded.start_time, end_time = excluded.end_time,
    last_killmail_at = excluded.last_killmail_at, status = excluded.status, tier = excluded.tier,
    total_kills = excluded.total_kills, total_participants = excluded.total_participants,
    total_isk_destroyed = excluded.total_isk_destroyed, zkill_related_url = excluded.zkill_related_url,
    is_decisive = excluded.is_decisive, winning_side = excluded.winning_side,
    separate_fights = excluded.separate_fights, revision = excluded.revision,
    quiet_seconds = excluded.quiet_seconds, name = excluded.name, suggestions = '[]', deleted_at = NULL,
    deletion_reason = NULL, merged_into = NULL, updated_at = now()
"""
_SAVE_REVISIONS: Final[LiteralString] = """
INSERT INTO battle_revisions (battle_id, revision, made_at, reason, cause, added, removed, absorbed, total_kills,
    total_participants, total_isk_destroyed, sides)
SELECT battle_id, revision, made_at, reason, cause, added, removed, absorbed, total_kills, total_participants,
    total_isk_destroyed, sides
FROM json_populate_recordset(NULL::battle_revisions, %(revisions)s::json)
"""
_SAVE_SIDES: Final[LiteralString] = """
INSERT INTO battle_sides (battle_id, side_id, pilots, kills, losses, ships_destroyed, ships_lost, isk_destroyed,
    isk_lost, isk_efficiency)
SELECT battle_id, side_id, pilots, kills, losses, ships_destroyed, ships_lost, isk_destroyed, isk_lost, isk_efficiency
FROM json_populate_recordset(NULL::battle_sides, %(sides)s::json)
ON CONFLICT (battle_id, side_id) DO UPDATE SET pilots = excluded.pilots, kills = excluded.kills,
    losses = excluded.losses, ships_destroyed = excluded.ships_destroyed, ships_lost = excluded.ships_lost,
    isk_destroyed = excluded.isk_destroyed, isk_lost = excluded.isk_lost, isk_efficiency = excluded.isk_efficiency
"""
_SAVE_PARTIES: Final[LiteralString] = """
INSERT INTO battle_side_parties (battle_id, party_type, party_id, side_id, role, confidence, evidence, pilots, kills,
    losses, isk_destroyed, isk_lost)
SELECT battle_id, party_type, party_id, side_id, role, confidence, evidence, pilots, kills, losses, isk_destroyed,
    isk_lost
FROM json_populate_recordset(NULL::battle_side_parties, %(parties)s::json)
ON CONFLICT (battle_id, party_type, party_id, side_id) DO UPDATE SET role = excluded.role,
    confidence = excluded.confidence, evidence = excluded.evidence, pilots = excluded.pilots, kills = excluded.kills,
    losses = excluded.losses, isk_destroyed = excluded.isk_destroyed, isk_lost = excluded.isk_lost
"""
_SAVE_KILLMAILS: Final[LiteralString] = """
INSERT INTO battle_killmails (battle_id, killmail_id, occurred_at, system_id, victim_alliance_id,
    victim_corporation_id, victim_character_id, ship_type_id, attacker_alliance_ids, attacker_corporation_ids,
    attacker_character_ids, isk_value, side_id)
SELECT battle_id, killmail_id, to_timestamp(time), system_id, victim_alliance_id, victim_corporation_id,
    victim_character_id, ship_type_id, attacker_alliance_ids, attacker_corporation_ids, attacker_character_ids,
    isk_value, side_id
FROM json_to_recordset(%(killmails)s::json) AS new (battle_id uuid, killmail_id bigint, time float8, system_id bigint,
    victim_alliance_id bigint, victim_corporation_id bigint, victim_character_id bigint, ship_type_id bigint,
    attacker_alliance_ids bigint[], attacker_corporation_ids bigint[], attacker_character_ids bigint[],
    isk_value numeric, side_id smallint)
ON CONFLICT (killmail_id) DO UPDATE SET battle_id = excluded.battle_id, side_id = excluded.side_id
"""
_SAVE_PARTICIPANTS: Final[LiteralString] = """
INSERT INTO battle_participants (battle_id, character_id, corporation_id, alliance_id, side_id, is_victim, kills,
    deaths, damage_done, damage_received, isk_destroyed, isk_lost, first_seen_at, last_seen_at, is_awoxer)
SELECT battle_id, character_id, corporation_id, alliance_id, side_id, is_victim, kills, deaths, damage_done,
    damage_received, isk_destroyed, isk_lost, to_timestamp(first_seen), to_timestamp(last_seen), is_awoxer
FROM json_to_recordset(%(participants)s::json) AS new (battle_id uuid, character_id bigint, corporation_id bigint,
    alliance_id bigint, side_id smallint, is_victim boolean, kills integer, deaths integer, damage_done bigint,
    damage_received bigint, isk_destroyed numeric, isk_lost numeric, first_seen float8, last_seen float8,
    is_awoxer boolean)
ON CONFLICT (battle_id, character_id) DO UPDATE SET corporation_id = excluded.corporation_id,
    alliance_id = excluded.alliance_id, side_id = excluded.side_id, is_victim = excluded.is_victim,
    kills = excluded.kills, deaths = excluded.deaths, damage_done = excluded.damage_done,
    damage_received = excluded.damage_received, isk_destroyed = excluded.isk_destroyed, isk_lost = excluded.isk_lost,
    first_seen_at = excluded.first_seen_at, last_seen_at = excluded.last_seen_at, is_awoxer = excluded.is_awoxer
"""
_SAVE_SHIPS: Final[LiteralString] = """
INSERT INTO battle_participant_ships (battle_id, character_id, ship_type_id, kills, losses)
SELECT battle_id, character_id, ship_type_id, kills, losses
FROM json_populate_recordset(NULL::battle_participant_ships, %(ships)s::json)
ON CONFLICT (battle_id, character_id, ship_type_id) DO UPDATE SET kills = excluded.kills, losses = excluded.losses
"""
_SAVE_LINKS: Final[LiteralString] = """
INSERT INTO battle_links (battle_id, from_killmail_id, to_killmail_id, reason, score)
SELECT battle_id, from_killmail_id, to_killmail_id, reason, score
FROM json_populate_recordset(NULL::battle_links, %(links)s::json)
ON CONFLICT (battle_id, from_killmail_id, to_killmail_id, reason) DO UPDATE SET score = excluded.score
"""
# A mail tells the name as it was; only where nobody knew one does it stand.
_LEARN_NAMES: Final[LiteralString] = """
INSERT INTO entity_names (entity_type, id, name)
SELECT entity_type, id, name FROM json_populate_recordset(NULL::entity_names, %(names)s::json)
ORDER BY entity_type, id
ON CONFLICT DO NOTHING
"""
INSERT_OUTBOX: Final[LiteralString] = """
INSERT INTO outbox (headers, body) SELECT headers, convert_to(body, 'UTF8')
FROM json_to_recordset(%(said)s::json) AS said (headers jsonb, body text)
RETURNING seq
"""
SAVE: Final[LiteralString] = (
    "WITH components AS (" + _SET_COMPONENTS + "), saved_battles AS (" + _SAVE_BATTLES
    + "), revisions AS (" + _SAVE_REVISIONS + "), sides AS (" + _SAVE_SIDES + "), parties AS (" + _SAVE_PARTIES
    + "), killmails AS (" + _SAVE_KILLMAILS + "), participants AS (" + _SAVE_PARTICIPANTS + "), ships AS ("
    + _SAVE_SHIPS + "), links AS (" + _SAVE_LINKS + "), names AS (" + _LEARN_NAMES + ")" + INSERT_OUTBOX
)  # fmt: skip
REMOVE_BATTLES: Final[LiteralString] = """
UPDATE battles AS b SET deleted_at = now(), deletion_reason = gone.reason, merged_into = gone.merged_into,
    revision = gone.revision, updated_at = now()
FROM json_to_recordset(%(rows)s::json) AS gone (id uuid, reason text, merged_into uuid, revision integer)
WHERE b.id = gone.id
"""
# A chain of merges stays one step long.
SAVE_ALIASES: Final[LiteralString] = """
WITH gone AS (
    SELECT id, merged_into FROM json_to_recordset(%(rows)s::json) AS gone (id uuid, merged_into uuid)
), moved AS (
    UPDATE battle_aliases AS a SET battle_id = gone.merged_into FROM gone WHERE a.battle_id = gone.id
)
INSERT INTO battle_aliases (alias_id, battle_id) SELECT id, merged_into FROM gone
ON CONFLICT (alias_id) DO UPDATE SET battle_id = excluded.battle_id
"""
# A battle that came back is nobody's alias any more.
UNALIAS: Final[LiteralString] = "DELETE FROM battle_aliases WHERE alias_id = ANY(%(battle_ids)s::uuid[])"
DELETE_BATTLE_ROWS: Final[LiteralString] = """
WITH ids AS (SELECT unnest(%(battle_ids)s::uuid[]) AS id),
sides AS (DELETE FROM battle_sides USING ids WHERE battle_id = ids.id),
parties AS (DELETE FROM battle_side_parties USING ids WHERE battle_id = ids.id),
killmails AS (DELETE FROM battle_killmails USING ids WHERE battle_id = ids.id),
participants AS (DELETE FROM battle_participants USING ids WHERE battle_id = ids.id),
ships AS (DELETE FROM battle_participant_ships USING ids WHERE battle_id = ids.id)
DELETE FROM battle_links USING ids WHERE battle_id = ids.id
"""
DROP_SIDES: Final[LiteralString] = """
DELETE FROM battle_sides AS t USING json_populate_recordset(NULL::battle_sides, %(rows)s::json) AS gone
WHERE t.battle_id = gone.battle_id AND t.side_id = gone.side_id
"""
DROP_PARTIES: Final[LiteralString] = """
DELETE FROM battle_side_parties AS t USING json_populate_recordset(NULL::battle_side_parties, %(rows)s::json) AS gone
WHERE t.battle_id = gone.battle_id AND t.party_type = gone.party_type AND t.party_id = gone.party_id
    AND t.side_id IS NOT DISTINCT FROM gone.side_id
"""
DROP_KILLMAILS: Final[LiteralString] = """
DELETE FROM battle_killmails AS t USING json_populate_recordset(NULL::battle_killmails, %(rows)s::json) AS gone
WHERE t.battle_id = gone.battle_id AND t.killmail_id = gone.killmail_id
"""
DROP_PARTICIPANTS: Final[LiteralString] = """
DELETE FROM battle_participants AS t USING json_populate_recordset(NULL::battle_participants, %(rows)s::json) AS gone
WHERE t.battle_id = gone.battle_id AND t.character_id = gone.character_id
"""
DROP_SHIPS: Final[LiteralString] = """
DELETE FROM battle_participant_ships AS t
USING json_populate_recordset(NULL::battle_participant_ships, %(rows)s::json) AS gone
WHERE t.battle_id = gone.battle_id AND t.character_id = gone.character_id AND t.ship_type_id = gone.ship_type_id
"""
DROP_LINKS: Final[LiteralString] = """
DELETE FROM battle_links AS t USING json_populate_recordset(NULL::battle_links, %(rows)s::json) AS gone
WHERE t.battle_id = gone.battle_id AND t.from_killmail_id = gone.from_killmail_id
    AND t.to_killmail_id = gone.to_killmail_id AND t.reason = gone.reason
"""
_DROPS: Final[Mapping[str, LiteralString]] = {
    "sides": DROP_SIDES,
    "parties": DROP_PARTIES,
    "killmails": DROP_KILLMAILS,
    "participants": DROP_PARTICIPANTS,
    "ships": DROP_SHIPS,
    "links": DROP_LINKS,
}


COPY_SIDES: Final[LiteralString] = """
COPY battle_sides (battle_id, side_id, pilots, kills, losses, ships_destroyed, ships_lost, isk_destroyed, isk_lost,
    isk_efficiency) FROM STDIN
"""
COPY_PARTIES: Final[LiteralString] = """
COPY battle_side_parties (battle_id, party_type, party_id, side_id, role, confidence, evidence, pilots, kills, losses,
    isk_destroyed, isk_lost) FROM STDIN
"""
COPY_KILLMAILS: Final[LiteralString] = """
COPY battle_killmails (battle_id, killmail_id, occurred_at, system_id, victim_alliance_id, victim_corporation_id,
    victim_character_id, ship_type_id, attacker_alliance_ids, attacker_corporation_ids, attacker_character_ids,
    isk_value, side_id) FROM STDIN
"""
COPY_PARTICIPANTS: Final[LiteralString] = """
COPY battle_participants (battle_id, character_id, corporation_id, alliance_id, side_id, is_victim, kills, deaths,
    damage_done, damage_received, isk_destroyed, isk_lost, first_seen_at, last_seen_at, is_awoxer) FROM STDIN
"""
COPY_SHIPS: Final[LiteralString] = """
COPY battle_participant_ships (battle_id, character_id, ship_type_id, kills, losses) FROM STDIN
"""
COPY_LINKS: Final[LiteralString] = """
COPY battle_links (battle_id, from_killmail_id, to_killmail_id, reason, score) FROM STDIN
"""
_COPIES: Final[Mapping[str, LiteralString]] = {
    "sides": COPY_SIDES,
    "parties": COPY_PARTIES,
    "killmails": COPY_KILLMAILS,
    "participants": COPY_PARTICIPANTS,
    "ships": COPY_SHIPS,
    "links": COPY_LINKS,
}


class SavedMessages(NamedTuple):
    """What is to be told, and the outbox rows that keep it until then."""

    messages: tuple[Message, ...]
    rows: tuple[int, ...]


async def save(
    connection: AsyncConnection[Any],
    rows: Rows,
    mails: Mapping[int, Killmail],
    names: Iterable[Name],
    messages: Sequence[Message],
) -> SavedMessages:
    """Write everything; what has not changed is not in `rows`. `mails` are those of its battles."""
    await _clear(connection, rows)
    given = {table: _json(rows.saved.get(table, ())) for table in _DROPS} | {
        "components": _json(rows.components),
        "battles": _json(rows.battles),
        "revisions": _json(rows.revisions),
        "names": _json([name._asdict() for name in names]),
        "said": _json(_told(messages)),
    }
    cursor = await connection.execute(SAVE, given)
    written = await cursor.fetchall()
    if rows.fresh:  # after the battles, which all other rows refer to
        for table, lines in copied(rows.fresh, mails).items():
            await copy(connection, _COPIES[table], lines)
    if rows.removed:
        await connection.execute(REMOVE_BATTLES, {"rows": _json(rows.removed)})
        await connection.execute(SAVE_ALIASES, {"rows": _json(rows.aliases)})
    return SavedMessages(tuple(messages), tuple(row[0] for row in written))


async def copy(connection: AsyncConnection[Any], statement: LiteralString, lines: Iterable[str]) -> None:
    async with connection.cursor() as cursor, cursor.copy(statement) as copying:
        for block in blocks(lines):
            await copying.write(block)


async def say(connection: AsyncConnection[Any], messages: Sequence[Message]) -> None:
    """Put it into the outbox; it is told when the transaction has ended."""
    await connection.execute(INSERT_OUTBOX, {"said": _json(_told(messages))})


async def _clear(connection: AsyncConnection[Any], rows: Rows) -> None:
    """What few mails need: battles written anew, rows that are no more, battles that come back."""
    if rows.cleared:
        await connection.execute(DELETE_BATTLE_ROWS, {"battle_ids": rows.cleared})
    if rows.revived:
        await connection.execute(UNALIAS, {"battle_ids": rows.revived})
    for table, dropped in rows.dropped.items():
        if dropped:
            await connection.execute(_DROPS[table], {"rows": _json(dropped)})


def _told(messages: Sequence[Message]) -> list[Row]:
    return [{"headers": message.headers, "body": message.body.decode()} for message in messages]


def _json(rows: Sequence[Row]) -> str:
    return orjson.dumps(rows, default=str).decode() if rows else "[]"
