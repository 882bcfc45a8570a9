"""The table of enriched killmails, with the names that they wait for."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import chain
from typing import Any, Final, LiteralString

from psycopg.errors import UniqueViolation

from battlescope_events.errors import PermanentError
from battlescope_events.postgres.database import Connection, Database
from battlescope_schemas.reference_lines import ReferenceLine, read_reference_line
from killmail_enrich.enrichment.enrichment import EnrichedLine
from killmail_enrich.enrichment.valuation_column import valuation_column
from killmail_enrich.persistence.parameters import bigint_array
from killmail_enrich.valuation.killmail_value import Valuation

# Two statements, since hardly any killmail needs the second: it only follows where a killmail of the first was there
# already. The first saves a killmail and its pending names, so that neither exists without the other.
INSERT_KILLMAIL: Final[LiteralString] = """
WITH pending AS (
    INSERT INTO wanted_names (entity_id, killmail_id)
    SELECT entity_id, %(killmail_id)s::bigint FROM unnest(%(missing_ids)s::bigint[]) AS entity_id
    UNION ALL SELECT entity_id, 0 FROM unnest(%(stale_ids)s::bigint[]) AS entity_id
    ON CONFLICT DO NOTHING
), waiting AS (
    INSERT INTO waiting_killmails (killmail_id, system_id, reference)
    SELECT %(killmail_id)s::bigint, %(system_id)s::bigint, %(reference)s::jsonb WHERE %(reference)s::jsonb IS NOT NULL
    ON CONFLICT (killmail_id) DO UPDATE SET reference = EXCLUDED.reference
    WHERE coalesce((EXCLUDED.reference ->> 'valueRevision')::integer, 0)
        >= coalesce((waiting_killmails.reference ->> 'valueRevision')::integer, 0)
)
INSERT INTO enriched_killmails (
    killmail_id, killmail_time, system_id, system_name, constellation_id, region_id, region_name, security_status,
    security_type, ship_type_id, ship_type_name, ship_group_id, ship_group_name, ship_category_id,
    victim_character_id, victim_character_name, victim_corp_id, victim_corp_name, victim_alliance_id,
    victim_alliance_name, victim_faction_id, victim_faction_name, victim_damage_taken, attacker_data, attacker_count,
    zkb_total_value, zkb_points, zkb_hash, zkb_url, npc, solo, awox, source, archive_key, enriched_at,
    enrichment_duration_ms, value_revision, value_source, total_value, valuation, valuation_rules,
    type_prices
) VALUES (
    %(killmail_id)s, %(killmail_time)s, %(system_id)s, %(system_name)s, %(constellation_id)s, %(region_id)s,
    %(region_name)s, %(security_status)s, %(security_type)s, %(ship_type_id)s, %(ship_type_name)s,
    %(ship_group_id)s, %(ship_group_name)s, %(ship_category_id)s, %(victim_character_id)s,
    %(victim_character_name)s, %(victim_corp_id)s, %(victim_corp_name)s, %(victim_alliance_id)s,
    %(victim_alliance_name)s, %(victim_faction_id)s, %(victim_faction_name)s, %(victim_damage_taken)s,
    %(attacker_data)s::jsonb, %(attacker_count)s, %(zkb_total_value)s, %(zkb_points)s, %(zkb_hash)s,
    %(zkb_url)s, %(npc)s, %(solo)s, %(awox)s, %(source)s, %(archive_key)s, %(enriched_at)s,
    %(enrichment_duration_ms)s, %(value_revision)s, %(value_source)s, %(total_value)s, %(valuation)s::jsonb,
    %(valuation_rules)s, %(type_prices)s::json
) ON CONFLICT (killmail_id) DO NOTHING
"""
# Does not write a row again that has the same values. Of a repeated killmail the valuation stays as it is: only a later
# value of the feed or `valuations.UPDATE_VALUATIONS` changes it, whose events consumers can put in order.
UPDATE_KILLMAIL: Final[LiteralString] = """
UPDATE enriched_killmails AS killmail SET
    system_name = coalesce(%(system_name)s, killmail.system_name),
    constellation_id = coalesce(%(constellation_id)s, killmail.constellation_id),
    region_id = coalesce(%(region_id)s, killmail.region_id),
    region_name = coalesce(%(region_name)s, killmail.region_name),
    security_status = coalesce(%(security_status)s, killmail.security_status),
    security_type = coalesce(%(security_type)s, killmail.security_type),
    ship_type_name = %(ship_type_name)s, ship_group_id = %(ship_group_id)s,
    ship_group_name = %(ship_group_name)s, ship_category_id = %(ship_category_id)s,
    victim_character_name = coalesce(%(victim_character_name)s, killmail.victim_character_name),
    victim_corp_name = coalesce(%(victim_corp_name)s, killmail.victim_corp_name),
    victim_alliance_name = coalesce(%(victim_alliance_name)s, killmail.victim_alliance_name),
    victim_faction_name = coalesce(%(victim_faction_name)s, killmail.victim_faction_name),
    attacker_data = %(attacker_data)s::jsonb, zkb_total_value = %(zkb_total_value)s,
    zkb_points = %(zkb_points)s, npc = %(npc)s, solo = %(solo)s, awox = %(awox)s,
    source = %(source)s, archive_key = %(archive_key)s, value_revision = %(value_revision)s,
    value_source = CASE WHEN %(value_revision)s > killmail.value_revision
        THEN %(value_source)s ELSE killmail.value_source END,
    total_value = CASE WHEN %(value_revision)s > killmail.value_revision
        THEN %(total_value)s ELSE killmail.total_value END,
    valuation = CASE WHEN %(value_revision)s > killmail.value_revision
        THEN %(valuation)s::jsonb ELSE killmail.valuation END,
    valuation_rules = CASE WHEN %(value_revision)s > killmail.value_revision
        THEN %(valuation_rules)s ELSE killmail.valuation_rules END,
    type_prices = CASE WHEN %(value_revision)s > killmail.value_revision
        THEN %(type_prices)s::json ELSE killmail.type_prices END,
    unit_prices = CASE WHEN %(value_revision)s > killmail.value_revision THEN NULL ELSE killmail.unit_prices END,
    updated_at = now(), version = killmail.version + 1
WHERE killmail_id = %(killmail_id)s AND %(value_revision)s >= killmail.value_revision AND (
    killmail.region_id, killmail.security_status, killmail.value_revision,
    killmail.ship_type_name, killmail.ship_group_id, killmail.ship_group_name, killmail.ship_category_id,
    killmail.victim_character_name, killmail.victim_corp_name, killmail.victim_alliance_name,
    killmail.victim_faction_name, killmail.attacker_data, killmail.zkb_total_value, killmail.zkb_points, killmail.npc,
    killmail.solo, killmail.awox, killmail.source, killmail.archive_key
) IS DISTINCT FROM (
    coalesce(%(region_id)s, killmail.region_id), coalesce(%(security_status)s, killmail.security_status),
    %(value_revision)s,
    %(ship_type_name)s, %(ship_group_id)s, %(ship_group_name)s, %(ship_category_id)s,
    coalesce(%(victim_character_name)s, killmail.victim_character_name),
    coalesce(%(victim_corp_name)s, killmail.victim_corp_name),
    coalesce(%(victim_alliance_name)s, killmail.victim_alliance_name),
    coalesce(%(victim_faction_name)s, killmail.victim_faction_name), %(attacker_data)s::jsonb,
    %(zkb_total_value)s, %(zkb_points)s, %(npc)s, %(solo)s, %(awox)s, %(source)s,
    %(archive_key)s
)
"""
INSERTED_AT_ONCE: Final = 8  # killmails: so many take the database as long by INSERT as the exchanges of COPY
SELECT_EXISTING: Final[LiteralString] = """
SELECT killmail_id FROM enriched_killmails WHERE killmail_id = ANY (%(killmail_ids)s::bigint[])
"""
COPY_KILLMAILS: Final[LiteralString] = """
COPY enriched_killmails (
    killmail_id, killmail_time, system_id, system_name, constellation_id, region_id, region_name, security_status,
    security_type, ship_type_id, ship_type_name, ship_group_id, ship_group_name, ship_category_id,
    victim_character_id, victim_character_name, victim_corp_id, victim_corp_name, victim_alliance_id,
    victim_alliance_name, victim_faction_id, victim_faction_name, victim_damage_taken, attacker_data, attacker_count,
    zkb_total_value, zkb_points, zkb_hash, zkb_url, npc, solo, awox, source, archive_key, enriched_at,
    enrichment_duration_ms, value_revision, value_source, total_value, valuation, valuation_rules,
    type_prices
) FROM STDIN
"""
INSERT_PENDING_NAMES: Final[LiteralString] = """
INSERT INTO wanted_names (entity_id, killmail_id)
SELECT entity_id, killmail_id FROM unnest(%(entity_ids)s::bigint[], %(killmail_ids)s::bigint[])
    AS pending (entity_id, killmail_id)
ORDER BY entity_id, killmail_id ON CONFLICT DO NOTHING
"""

SELECT_WAITING: Final[LiteralString] = """
SELECT reference::text FROM waiting_killmails JOIN systems USING (system_id) ORDER BY killmail_id LIMIT %(max_rows)s
"""
COUNT_WAITING: Final[LiteralString] = "SELECT count(*) FROM waiting_killmails"
DELETE_WAITING: Final[LiteralString] = """
DELETE FROM waiting_killmails WHERE killmail_id = ANY (%(killmail_ids)s::bigint[])
"""


@dataclass(frozen=True, slots=True)
class EnrichedSlice:
    """Enriched killmails that are saved together, all or none.

    missing_ids: entities whose names could not be resolved in time, by killmail id; stale_ids: names to refresh.
    duration_ms: milliseconds that the enrichment took, the mean per killmail.
    waiting: the references, as JSON by killmail id, of those without a location.
    valuations: by killmail id; a killmail that is not in it waits for prices.
    """

    killmails: Sequence[EnrichedLine]
    missing_ids: Mapping[str, Collection[int]]
    stale_ids: Collection[int]
    enriched_at: datetime
    duration_ms: int
    waiting: Mapping[str, str] = field(default_factory=dict[str, str])
    valuations: Mapping[str, Valuation] = field(default_factory=dict[str, Valuation])


class KillmailRepository:
    """Saves new killmails of a slice by COPY, existing ones and those of a small slice one by one."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def save(self, slice_: EnrichedSlice) -> dict[str, PermanentError]:
        """Save all killmails that the table can hold; returns the error of each other one by killmail id."""
        try:
            await (self._save_each(slice_) if len(slice_.killmails) <= INSERTED_AT_ONCE else self._copy(slice_))
        except UniqueViolation:  # another transaction inserted one of them meanwhile
            return await self.save(slice_)
        except PermanentError as error:
            if len(slice_.killmails) == 1:
                return {slice_.killmails[0].killmail_id: error}
            errors = [await self.save(replace(slice_, killmails=[killmail])) for killmail in slice_.killmails]
            return dict(chain.from_iterable(error_by_id.items() for error_by_id in errors))
        return {}

    async def waiting_references(self, max_rows: int) -> list[ReferenceLine]:
        """References of killmails that wait, and whose system the static data has."""
        async with self._database.connection() as connection:
            rows = await connection.column(SELECT_WAITING, {"max_rows": max_rows})
        return [read_reference_line(row.encode()) for row in rows]

    async def end_wait(self, killmail_ids: Iterable[int]) -> None:
        """Call it after these killmails are published."""
        async with self._database.connection() as connection:
            await connection.execute(DELETE_WAITING, {"killmail_ids": bigint_array(killmail_ids)})

    async def waiting_count(self) -> int:
        async with self._database.connection() as connection:
            return await connection.scalar(COUNT_WAITING)

    async def _save_each(self, slice_: EnrichedSlice) -> None:
        """One exchange, and so one transaction, instead of the five of a transaction with COPY."""
        first, *others = sorted(slice_.killmails, key=lambda killmail: int(killmail.killmail_id))
        rows = [_params(first, slice_, slice_.stale_ids), *(_params(killmail, slice_, ()) for killmail in others)]
        async with self._database.connection() as connection:
            await _insert_or_update(rows, connection)

    async def _copy(self, slice_: EnrichedSlice) -> None:
        async with self._database.transaction() as connection:
            existing_ids = await _select_existing(slice_.killmails, connection) | slice_.waiting.keys()
            new, existing = _partition(slice_.killmails, existing_ids)
            async with connection.cursor() as cursor, cursor.copy(COPY_KILLMAILS) as copy:
                for killmail in new:
                    await copy.write_row(tuple(_row(killmail, slice_).values()))
            if pending := _pending_names(new, slice_):
                await connection.execute(INSERT_PENDING_NAMES, _pending_params(pending))
            if existing:
                await _insert_or_update([_params(killmail, slice_, ()) for killmail in existing], connection)


async def _insert_or_update(rows: Sequence[Mapping[str, Any]], connection: Connection) -> None:
    if len(rows) == 1:
        inserted = (await connection.execute(INSERT_KILLMAIL, rows[0])).rowcount
    else:
        async with connection.cursor() as cursor:
            await cursor.executemany(INSERT_KILLMAIL, rows)
            inserted = cursor.rowcount
    if inserted < len(rows):
        async with connection.cursor() as cursor:
            await cursor.executemany(UPDATE_KILLMAIL, rows)


async def _select_existing(killmails: Sequence[EnrichedLine], connection: Connection) -> frozenset[str]:
    killmail_ids = bigint_array(int(killmail.killmail_id) for killmail in killmails)
    return frozenset(map(str, await connection.column(SELECT_EXISTING, {"killmail_ids": killmail_ids})))


def _partition(
    killmails: Sequence[EnrichedLine], existing_ids: Collection[str]
) -> tuple[list[EnrichedLine], list[EnrichedLine]]:
    """New and existing killmails (a repeated one counts as existing), by id: the order of all row locks."""
    new: dict[str, EnrichedLine] = {}
    existing: list[EnrichedLine] = []
    for killmail in sorted(killmails, key=lambda killmail: int(killmail.killmail_id)):
        if killmail.killmail_id in existing_ids or killmail.killmail_id in new:
            existing.append(killmail)
        else:
            new[killmail.killmail_id] = killmail
    return list(new.values()), existing


def _pending_names(killmails: Iterable[EnrichedLine], slice_: EnrichedSlice) -> list[tuple[int, int]]:
    """Pairs of entity and killmail; killmail 0 stands for a refresh."""
    missing = [(i, int(k.killmail_id)) for k in killmails for i in slice_.missing_ids.get(k.killmail_id, ())]
    return missing + [(i, 0) for i in slice_.stale_ids]


def _pending_params(pending: Iterable[tuple[int, int]]) -> dict[str, str]:
    entity_ids, killmail_ids = zip(*pending, strict=True)
    return {"entity_ids": bigint_array(entity_ids), "killmail_ids": bigint_array(killmail_ids)}


def _row(killmail: EnrichedLine, slice_: EnrichedSlice) -> dict[str, Any]:
    """The values by column, in the order of COPY_KILLMAILS."""
    victim, valuation = killmail.victim, slice_.valuations.get(killmail.killmail_id)
    return {
        "killmail_id": killmail.killmail_id,
        "killmail_time": killmail.killmail_time,
        "system_id": killmail.system_id,
        "system_name": killmail.system_name or None,
        "constellation_id": killmail.constellation_id,
        "region_id": killmail.region_id,
        "region_name": killmail.region_name or None,
        "security_status": killmail.security_status,
        "security_type": killmail.security_type,
        "ship_type_id": victim.ship_type_id,
        "ship_type_name": victim.ship_type_name,
        "ship_group_id": victim.ship_group_id,
        "ship_group_name": victim.ship_group_name,
        "ship_category_id": victim.ship_category_id,
        "victim_character_id": victim.character_id,
        "victim_character_name": victim.character_name,
        "victim_corp_id": victim.corporation_id,
        "victim_corp_name": victim.corporation_name,
        "victim_alliance_id": victim.alliance_id,
        "victim_alliance_name": victim.alliance_name,
        "victim_faction_id": victim.faction_id,
        "victim_faction_name": victim.faction_name,
        "victim_damage_taken": victim.damage_taken,
        "attacker_data": bytes(killmail.attackers).decode(),
        "attacker_count": killmail.attacker_count,
        "zkb_total_value": killmail.zkb_total_value,
        "zkb_points": killmail.zkb_points,
        "zkb_hash": killmail.zkb_hash,
        "zkb_url": killmail.zkb_url,
        "npc": killmail.npc,
        "solo": killmail.solo,
        "awox": killmail.awox,
        "source": killmail.source,
        "archive_key": killmail.archive_key,
        "enriched_at": slice_.enriched_at,
        "enrichment_duration_ms": slice_.duration_ms,
        "value_revision": killmail.value_revision or 0,
        "value_source": killmail.value_source,
        "total_value": killmail.total_value,
        "valuation": valuation_column(killmail),
        "valuation_rules": valuation and valuation.rules,
        "type_prices": valuation and valuation.unit_prices,
    }


def _params(killmail: EnrichedLine, slice_: EnrichedSlice, stale_ids: Collection[int]) -> dict[str, Any]:
    """The parameters of INSERT_KILLMAIL and UPDATE_KILLMAIL."""
    missing_ids = slice_.missing_ids.get(killmail.killmail_id, ())
    reference = slice_.waiting.get(killmail.killmail_id)
    return _row(killmail, slice_) | {
        "missing_ids": list(missing_ids),
        "stale_ids": list(stale_ids),
        "reference": reference,
    }
