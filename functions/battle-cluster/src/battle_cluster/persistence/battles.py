"""Stored battles: reads, and the rows that a change writes; nearly every killmail needs a single statement.

Rows arrive as one JSON parameter per table, so that the statement is static whatever their number. Eleven separate
statements took longer to send than to execute. Rows that are already stored as they should be are not written.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, LiteralString, NamedTuple

import orjson

from battle_cluster.domain.battle import RevisionCause, StoredBattle
from battle_cluster.domain.killmail import Killmail
from battle_cluster.messaging.enriched_killmail import EntityName
from battle_cluster.persistence.copy_format import copy_battles, distinct_ids
from battle_cluster.persistence.entity_names import INSERT_UNKNOWN_NAMES
from battle_cluster.reconciliation.battle_diff import BattleDiff, Change, Removal
from battle_cluster.statistics.battle_report import BattleReport
from battle_cluster.statistics.battle_totals import related_url
from battlescope_events.messages import Message
from battlescope_events.postgres.database import Connection
from battlescope_events.postgres.outbox import INSERT_MESSAGES, Enqueued, Outbox

Row = Mapping[str, Any]
StoredSideTotals = tuple[tuple[int, int, int, str], ...]
"""(side id, pilots, losses, ISK destroyed as text with two decimals) of each side."""

MIN_BATTLES_TO_COPY: Final = 32
"""From this many new battles, one COPY per table is faster than their rows as JSON in one statement."""

SELECT_BATTLES: Final[LiteralString] = """
SELECT id::text AS id, status, last_killmail_at, total_kills, total_isk_destroyed, total_participants, revision,
    deleted_at IS NOT NULL AS deleted
FROM battles WHERE id = ANY(%(battle_ids)s::uuid[])
"""
SELECT_SIDE_TOTALS: Final[LiteralString] = """
SELECT battle_id::text, side_id, pilots, losses, isk_destroyed FROM battle_sides
WHERE battle_id = ANY(%(battle_ids)s::uuid[]) ORDER BY battle_id, side_id
"""
# A dissolved battle, or one that was merged into a battle of `ours`, may come back under its old id.
SELECT_IDS_IN_USE: Final[LiteralString] = """
SELECT id::text FROM battles
WHERE id = ANY(%(ids)s::uuid[])
    AND (deleted_at IS NULL OR merged_into IS NOT NULL AND merged_into <> ALL(%(ours)s::uuid[]))
UNION SELECT alias_id::text FROM battle_aliases
    WHERE alias_id = ANY(%(ids)s::uuid[]) AND battle_id <> ALL(%(ours)s::uuid[])
UNION SELECT component_id::text FROM mails WHERE component_id = ANY(%(ids)s::uuid[])
"""
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
    is_decisive, winning_side, separate_fights, revision, quiet_seconds, name
FROM json_to_recordset(%(battles)s::json) AS new (id uuid, system_id bigint, region_id bigint, security_type text,
    start_time float8, end_time float8, status text, tier text, total_kills integer, total_participants integer,
    total_isk_destroyed numeric, zkill_related_url text, is_decisive boolean, winning_side smallint,
    separate_fights boolean, revision integer, quiet_seconds integer, name text)
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
SAVE: Final[LiteralString] = (
    "WITH components AS (" + _SET_COMPONENTS + "), saved_battles AS (" + _SAVE_BATTLES
    + "), revisions AS (" + _SAVE_REVISIONS + "), sides AS (" + _SAVE_SIDES + "), parties AS (" + _SAVE_PARTIES
    + "), killmails AS (" + _SAVE_KILLMAILS + "), participants AS (" + _SAVE_PARTICIPANTS + "), ships AS ("
    + _SAVE_SHIPS + "), links AS (" + _SAVE_LINKS + "), names AS (" + INSERT_UNKNOWN_NAMES + ")" + INSERT_MESSAGES
)  # fmt: skip
MARK_DELETED: Final[LiteralString] = """
UPDATE battles AS b SET deleted_at = now(), deletion_reason = gone.reason, merged_into = gone.merged_into,
    revision = gone.revision, updated_at = now()
FROM json_to_recordset(%(rows)s::json) AS gone (id uuid, reason text, merged_into uuid, revision integer)
WHERE b.id = gone.id
"""
# Every alias leads straight to the surviving battle, also after several merges.
SAVE_ALIASES: Final[LiteralString] = """
WITH gone AS (
    SELECT id, merged_into FROM json_to_recordset(%(rows)s::json) AS gone (id uuid, merged_into uuid)
), moved AS (
    UPDATE battle_aliases AS a SET battle_id = gone.merged_into FROM gone WHERE a.battle_id = gone.id
)
INSERT INTO battle_aliases (alias_id, battle_id) SELECT id, merged_into FROM gone
ON CONFLICT (alias_id) DO UPDATE SET battle_id = excluded.battle_id
"""
# A restored battle is no alias of another one any more.
DELETE_ALIASES: Final[LiteralString] = "DELETE FROM battle_aliases WHERE alias_id = ANY(%(battle_ids)s::uuid[])"
DELETE_ALL_ROWS: Final[LiteralString] = """
WITH ids AS (SELECT unnest(%(battle_ids)s::uuid[]) AS id),
sides AS (DELETE FROM battle_sides USING ids WHERE battle_id = ids.id),
parties AS (DELETE FROM battle_side_parties USING ids WHERE battle_id = ids.id),
killmails AS (DELETE FROM battle_killmails USING ids WHERE battle_id = ids.id),
participants AS (DELETE FROM battle_participants USING ids WHERE battle_id = ids.id),
ships AS (DELETE FROM battle_participant_ships USING ids WHERE battle_id = ids.id)
DELETE FROM battle_links USING ids WHERE battle_id = ids.id
"""
DELETE_SIDES: Final[LiteralString] = """
DELETE FROM battle_sides AS t USING json_populate_recordset(NULL::battle_sides, %(rows)s::json) AS gone
WHERE t.battle_id = gone.battle_id AND t.side_id = gone.side_id
"""
DELETE_PARTIES: Final[LiteralString] = """
DELETE FROM battle_side_parties AS t USING json_populate_recordset(NULL::battle_side_parties, %(rows)s::json) AS gone
WHERE t.battle_id = gone.battle_id AND t.party_type = gone.party_type AND t.party_id = gone.party_id
    AND t.side_id IS NOT DISTINCT FROM gone.side_id
"""
DELETE_KILLMAILS: Final[LiteralString] = """
DELETE FROM battle_killmails AS t USING json_populate_recordset(NULL::battle_killmails, %(rows)s::json) AS gone
WHERE t.battle_id = gone.battle_id AND t.killmail_id = gone.killmail_id
"""
DELETE_PARTICIPANTS: Final[LiteralString] = """
DELETE FROM battle_participants AS t USING json_populate_recordset(NULL::battle_participants, %(rows)s::json) AS gone
WHERE t.battle_id = gone.battle_id AND t.character_id = gone.character_id
"""
DELETE_SHIPS: Final[LiteralString] = """
DELETE FROM battle_participant_ships AS t
USING json_populate_recordset(NULL::battle_participant_ships, %(rows)s::json) AS gone
WHERE t.battle_id = gone.battle_id AND t.character_id = gone.character_id AND t.ship_type_id = gone.ship_type_id
"""
DELETE_LINKS: Final[LiteralString] = """
DELETE FROM battle_links AS t USING json_populate_recordset(NULL::battle_links, %(rows)s::json) AS gone
WHERE t.battle_id = gone.battle_id AND t.from_killmail_id = gone.from_killmail_id
    AND t.to_killmail_id = gone.to_killmail_id AND t.reason = gone.reason
"""
_DELETES: Final[Mapping[str, LiteralString]] = {
    "sides": DELETE_SIDES,
    "parties": DELETE_PARTIES,
    "killmails": DELETE_KILLMAILS,
    "participants": DELETE_PARTICIPANTS,
    "ships": DELETE_SHIPS,
    "links": DELETE_LINKS,
}


@dataclass(frozen=True, slots=True)
class RowChanges:
    """Rows to write and to delete, by table.

    cleared: battles whose rows are all deleted first. restored: deleted battles that come back under their id.
    copied: new battles, whose rows go in by COPY.
    """

    components: Sequence[Row]
    cleared: list[str]
    restored: Sequence[str]
    battles: Sequence[Row]
    revisions: Sequence[Row]
    removed: Sequence[Row]
    aliases: Sequence[Row]
    deleted: dict[str, list[Row]]
    upserted: dict[str, list[Row]]
    copied: tuple[Change, ...]


class BattleRepository:
    """Battles in the caller's transaction."""

    def __init__(self, connection: Connection, outbox: Outbox) -> None:
        self._connection = connection
        self._outbox = outbox

    async def load(self, battle_ids: Collection[str]) -> dict[str, StoredBattle]:
        battles = await self._connection.rows(StoredBattle, SELECT_BATTLES, {"battle_ids": list(battle_ids)})
        return {battle.id: battle for battle in battles}

    async def side_totals(self, battle_ids: Collection[str]) -> dict[str, StoredSideTotals]:
        cursor = await self._connection.execute(SELECT_SIDE_TOTALS, {"battle_ids": list(battle_ids)})
        sides: dict[str, list[tuple[int, int, int, str]]] = {}
        for battle_id, side_id, pilots, losses, isk_destroyed in await cursor.fetchall():
            sides.setdefault(battle_id, []).append((side_id, pilots, losses, str(isk_destroyed)))
        return {battle_id: tuple(rows) for battle_id, rows in sides.items()}

    async def ids_in_use(self, battle_ids: Collection[str], ours: Sequence[str]) -> frozenset[str]:
        """Those ids that other battles have or had; an id that was merged into a battle of `ours` is free."""
        if not battle_ids:
            return frozenset()
        cursor = await self._connection.execute(SELECT_IDS_IN_USE, {"ids": list(battle_ids), "ours": list(ours)})
        return frozenset(row[0] for row in await cursor.fetchall())

    async def save(
        self,
        rows: RowChanges,
        killmails: Mapping[int, Killmail],
        names: Iterable[EntityName],
        messages: Sequence[Message],
    ) -> Enqueued:
        """Write the rows, unknown names, and the messages into the outbox; `killmails` are those of the battles."""
        await self._prepare(rows)
        params = {table: _json(rows.upserted.get(table, ())) for table in _DELETES} | {
            "components": _json(rows.components),
            "battles": _json(rows.battles),
            "revisions": _json(rows.revisions),
            "names": _json([name._asdict() for name in names]),
        }
        outbox_ids = tuple(await self._connection.column(SAVE, params | self._outbox.insert_params(messages)))
        if rows.copied:  # after `battles`, which all other tables reference
            await copy_battles(self._connection, rows.copied, killmails)
        if rows.removed:
            await self._connection.execute(MARK_DELETED, {"rows": _json(rows.removed)})
            await self._connection.execute(SAVE_ALIASES, {"rows": _json(rows.aliases)})
        return Enqueued(tuple(messages), outbox_ids)

    async def _prepare(self, rows: RowChanges) -> None:
        """Delete rows that `SAVE` must not meet; few killmails need this."""
        if rows.cleared:
            await self._connection.execute(DELETE_ALL_ROWS, {"battle_ids": rows.cleared})
        if rows.restored:
            await self._connection.execute(DELETE_ALIASES, {"battle_ids": rows.restored})
        for table, deleted in rows.deleted.items():
            if deleted:
                await self._connection.execute(_DELETES[table], {"rows": _json(deleted)})


def _json(rows: Sequence[Row]) -> str:
    return orjson.dumps(rows, default=str).decode() if rows else "[]"


def row_changes(
    diff: BattleDiff,
    killmails: Mapping[int, Killmail],
    stored_reports: Mapping[str, BattleReport],
    cause: RevisionCause,
    now: datetime,
) -> RowChanges:
    """The rows that differ from the stored ones.

    `stored_reports` certainly equal the tables; the rows of a changed battle without one are deleted and rewritten.
    """
    origin = {"cause": str(cause), "made_at": now}
    new = tuple(change for change in diff.changes if change.previous is None and change.revision == 1)
    copied = new if len(new) >= MIN_BATTLES_TO_COPY else ()
    rows = RowChanges(
        components=[{"killmail_id": i, "component_id": component_id} for i, component_id in diff.components.items()],
        cleared=[c.battle_id for c in diff.changes if c.previous and c.battle_id not in stored_reports],
        restored=[c.battle_id for c in diff.changes if c.previous is None and c.revision > 1],
        battles=[_battle_row(change) for change in diff.changes],
        revisions=[origin | _revision_row(change) for change in diff.changes]
        + [origin | _last_revision_row(removal) for removal in diff.removals],
        removed=[_removed_row(removal) for removal in diff.removals],
        aliases=[{"id": r.battle_id, "merged_into": r.merged_into} for r in diff.removals if r.merged_into],
        deleted={},
        upserted={},
        copied=copied,
    )
    rows.cleared.extend(removal.battle_id for removal in diff.removals)
    copied_ids = {change.battle_id for change in copied}
    for change in diff.changes:
        if change.battle_id not in copied_ids:
            _add_differing_rows(rows, change, killmails, stored_reports.get(change.battle_id))
    return rows


def _add_differing_rows(
    rows: RowChanges, change: Change, killmails: Mapping[int, Killmail], stored: BattleReport | None
) -> None:
    battle = {"battle_id": change.battle_id}
    for table in ("sides", "parties", "participants", "ships", "links"):
        after: Mapping[Any, NamedTuple] = getattr(change.report, table)
        before: Mapping[Any, NamedTuple] = getattr(stored, table) if stored else {}
        rows.upserted.setdefault(table, []).extend(
            battle | row._asdict() for k, row in after.items() if before.get(k) is not row and before.get(k) != row
        )
        rows.deleted.setdefault(table, []).extend(battle | row._asdict() for k, row in before.items() if k not in after)
    sides = change.report.victim_side_by_killmail
    stored_sides: Mapping[int, int | None] = stored.victim_side_by_killmail if stored else {}
    differing = [i for i, side in sides.items() if i not in stored_sides or stored_sides[i] != side]
    rows.upserted.setdefault("killmails", []).extend(_killmail_row(battle, killmails[i], sides[i]) for i in differing)
    left: list[Row] = [{**battle, "killmail_id": i} for i in stored_sides if i not in sides]
    rows.deleted.setdefault("killmails", []).extend(left)


def _battle_row(change: Change) -> Row:
    report = change.report
    return {
        "id": change.battle_id,
        "system_id": change.location.system_id,
        "region_id": change.location.region_id,
        "security_type": change.location.security_type,
        "start_time": report.start,
        "end_time": report.end,
        "status": "historical" if change.historical else "open",
        "tier": report.tier,
        "total_kills": report.total_kills,
        "total_participants": report.total_participants,
        "total_isk_destroyed": report.total_isk,
        "zkill_related_url": related_url(change.location.system_id, report.start),
        "is_decisive": report.is_decisive,
        "winning_side": report.winning_side,
        "separate_fights": report.separate_fights,
        "revision": change.revision,
        "quiet_seconds": report.inactivity_gap,
        "name": report.name,
    }


def _revision_row(change: Change) -> dict[str, Any]:
    report = change.report
    return {
        "battle_id": change.battle_id,
        "revision": change.revision,
        "reason": change.reason or "created",
        "added": change.added,
        "removed": change.removed,
        "absorbed": change.absorbed_ids,
        "total_kills": report.total_kills,
        "total_participants": report.total_participants,
        "total_isk_destroyed": report.total_isk,
        "sides": len(report.sides),
    }


def _last_revision_row(removal: Removal) -> dict[str, Any]:
    return {
        "battle_id": removal.battle_id,
        "revision": removal.revision,
        "reason": "merged" if removal.merged_into else "deleted",
        "added": (),
        "removed": removal.killmail_ids,
        "absorbed": (),
        "total_kills": 0,
        "total_participants": 0,
        "total_isk_destroyed": 0,
        "sides": 0,
    }


def _removed_row(removal: Removal) -> Row:
    return {
        "id": removal.battle_id,
        "reason": "merged" if removal.merged_into else "reclustering",
        "merged_into": removal.merged_into,
        "revision": removal.revision,
    }


def _killmail_row(battle: Mapping[str, str], killmail: Killmail, side_id: int | None) -> Row:
    victim, attackers = killmail.victim, killmail.attackers
    return {
        **battle,
        "killmail_id": killmail.killmail_id,
        "time": killmail.time,
        "system_id": killmail.system_id,
        "victim_alliance_id": victim.alliance_id,
        "victim_corporation_id": victim.corporation_id,
        "victim_character_id": victim.character_id,
        "ship_type_id": victim.ship_type_id,
        "attacker_alliance_ids": distinct_ids(a.alliance_id for a in attackers),
        "attacker_corporation_ids": distinct_ids(a.corporation_id for a in attackers),
        "attacker_character_ids": distinct_ids(a.character_id for a in attackers),
        "isk_value": killmail.value,
        "side_id": side_id,
    }
