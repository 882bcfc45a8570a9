"""The table of enriched killmails, with the names that they wait for: saved individually or in slices of a batch."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import chain
from typing import Any, Final, LiteralString

from psycopg.errors import UniqueViolation
from pydantic import ConfigDict, TypeAdapter

from battlescope_events.errors import PermanentError
from battlescope_events.postgres.database import Connection, Database
from battlescope_schemas.enriched import EnrichedAttacker, EnrichedKillmail
from killmail_enrich.enrichment.serialization import SerializedKillmail
from killmail_enrich.persistence.parameters import bigint_array

_ATTACKERS: Final = TypeAdapter(tuple[EnrichedAttacker, ...], config=ConfigDict(defer_build=True))

# One statement saves a killmail and its pending names, so neither exists without the other. It does not write a row
# again that has the same values.
UPSERT_KILLMAIL: Final[LiteralString] = """
WITH pending AS (
    INSERT INTO wanted_names (entity_id, killmail_id)
    SELECT entity_id, %(killmail_id)s FROM unnest(%(missing_ids)s::bigint[]) AS entity_id
    UNION ALL SELECT entity_id, 0 FROM unnest(%(stale_ids)s::bigint[]) AS entity_id
    ON CONFLICT DO NOTHING
)
INSERT INTO enriched_killmails AS killmail (
    killmail_id, killmail_time, system_id, system_name, constellation_id, region_id, region_name, security_status,
    security_type, ship_type_id, ship_type_name, ship_group_id, ship_group_name, ship_category_id,
    victim_character_id, victim_character_name, victim_corp_id, victim_corp_name, victim_alliance_id,
    victim_alliance_name, victim_faction_id, victim_faction_name, victim_damage_taken, attacker_data, attacker_count,
    zkb_total_value, zkb_points, zkb_hash, zkb_url, npc, solo, awox, source, archive_key, enriched_at,
    enrichment_duration_ms
) VALUES (
    %(killmail_id)s, %(killmail_time)s, %(system_id)s, %(system_name)s, %(constellation_id)s, %(region_id)s,
    %(region_name)s, %(security_status)s, %(security_type)s, %(ship_type_id)s, %(ship_type_name)s, %(ship_group_id)s,
    %(ship_group_name)s, %(ship_category_id)s, %(victim_character_id)s, %(victim_character_name)s,
    %(victim_corporation_id)s, %(victim_corporation_name)s, %(victim_alliance_id)s, %(victim_alliance_name)s,
    %(victim_faction_id)s, %(victim_faction_name)s, %(damage_taken)s, %(attackers)s::jsonb, %(attacker_count)s,
    %(zkb_total_value)s, %(zkb_points)s, %(zkb_hash)s, %(zkb_url)s, %(npc)s, %(solo)s, %(awox)s, %(source)s,
    %(archive_key)s, %(enriched_at)s, %(duration_ms)s
) ON CONFLICT (killmail_id) DO UPDATE SET
    ship_type_name = EXCLUDED.ship_type_name, ship_group_id = EXCLUDED.ship_group_id,
    ship_group_name = EXCLUDED.ship_group_name, ship_category_id = EXCLUDED.ship_category_id,
    victim_character_name = coalesce(EXCLUDED.victim_character_name, killmail.victim_character_name),
    victim_corp_name = coalesce(EXCLUDED.victim_corp_name, killmail.victim_corp_name),
    victim_alliance_name = coalesce(EXCLUDED.victim_alliance_name, killmail.victim_alliance_name),
    victim_faction_name = coalesce(EXCLUDED.victim_faction_name, killmail.victim_faction_name),
    attacker_data = EXCLUDED.attacker_data, zkb_total_value = EXCLUDED.zkb_total_value,
    zkb_points = EXCLUDED.zkb_points, npc = EXCLUDED.npc, solo = EXCLUDED.solo, awox = EXCLUDED.awox,
    source = EXCLUDED.source, archive_key = EXCLUDED.archive_key, updated_at = now(), version = killmail.version + 1
WHERE (
    killmail.ship_type_name, killmail.ship_group_id, killmail.ship_group_name, killmail.ship_category_id,
    killmail.victim_character_name, killmail.victim_corp_name, killmail.victim_alliance_name,
    killmail.victim_faction_name, killmail.attacker_data, killmail.zkb_total_value, killmail.zkb_points, killmail.npc,
    killmail.solo, killmail.awox, killmail.source, killmail.archive_key
) IS DISTINCT FROM (
    EXCLUDED.ship_type_name, EXCLUDED.ship_group_id, EXCLUDED.ship_group_name, EXCLUDED.ship_category_id,
    coalesce(EXCLUDED.victim_character_name, killmail.victim_character_name),
    coalesce(EXCLUDED.victim_corp_name, killmail.victim_corp_name),
    coalesce(EXCLUDED.victim_alliance_name, killmail.victim_alliance_name),
    coalesce(EXCLUDED.victim_faction_name, killmail.victim_faction_name), EXCLUDED.attacker_data,
    EXCLUDED.zkb_total_value, EXCLUDED.zkb_points, EXCLUDED.npc, EXCLUDED.solo, EXCLUDED.awox, EXCLUDED.source,
    EXCLUDED.archive_key
)
"""
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
    enrichment_duration_ms
) FROM STDIN
"""
INSERT_PENDING_NAMES: Final[LiteralString] = """
INSERT INTO wanted_names (entity_id, killmail_id)
SELECT entity_id, killmail_id FROM unnest(%(entity_ids)s::bigint[], %(killmail_ids)s::bigint[])
    AS pending (entity_id, killmail_id)
ORDER BY entity_id, killmail_id ON CONFLICT DO NOTHING
"""
# The wire fields of the columns of COPY_KILLMAILS, in their order.
_LOCATION_FIELDS: Final = (
    *("killmailId", "killmailTime", "systemId", "systemName", "constellationId", "regionId", "regionName"),
    *("securityStatus", "securityType"),
)
_VICTIM_FIELDS: Final = (
    *("shipTypeId", "shipTypeName", "shipGroupId", "shipGroupName", "shipCategoryId", "characterId", "characterName"),
    *("corporationId", "corporationName", "allianceId", "allianceName", "factionId", "factionName", "damageTaken"),
)
_OTHER_FIELDS: Final = (
    *("attackerCount", "zkbTotalValue", "zkbPoints", "zkbHash", "zkbUrl", "npc", "solo", "awox"),
    *("source", "archiveKey"),
)


@dataclass(frozen=True, slots=True)
class EnrichmentResult:
    """An enriched killmail, the ids whose names are missing or stale, and when and how fast it was enriched."""

    killmail: EnrichedKillmail
    missing_ids: Collection[int]
    stale_ids: Collection[int]
    enriched_at: datetime
    duration_ms: int


@dataclass(frozen=True, slots=True)
class EnrichedSlice:
    """Enriched killmails of a batch that are saved together, all or none. `duration_ms` is the mean per killmail."""

    killmails: Sequence[SerializedKillmail]
    stale_ids: Collection[int]
    enriched_at: datetime
    duration_ms: int

    def result(self, serialized: SerializedKillmail) -> EnrichmentResult:
        """The same as of a single killmail, without stale names: the slice saves those once for all."""
        return EnrichmentResult(serialized.killmail, serialized.missing_ids, (), self.enriched_at, self.duration_ms)


class KillmailRepository:
    """Saves new killmails of a slice by COPY and existing ones by the statement of single killmails."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def save(self, result: EnrichmentResult) -> None:
        async with self._database.connection() as connection:
            await connection.execute(UPSERT_KILLMAIL, _columns(result))

    async def save_slice(self, slice_: EnrichedSlice) -> dict[int, PermanentError]:
        """Save all killmails that the table can hold; returns the error of each other one by killmail id."""
        try:
            await self._save_slice(slice_)
        except UniqueViolation:  # another transaction inserted one of them meanwhile
            return await self.save_slice(slice_)
        except PermanentError as error:
            if len(slice_.killmails) == 1:
                return {slice_.killmails[0].killmail_id: error}
            errors = [await self.save_slice(replace(slice_, killmails=[killmail])) for killmail in slice_.killmails]
            return dict(chain.from_iterable(error_by_id.items() for error_by_id in errors))
        return {}

    async def _save_slice(self, slice_: EnrichedSlice) -> None:
        async with self._database.transaction() as connection:
            existing_ids = await _select_existing(slice_.killmails, connection)
            new, existing = _partition(slice_.killmails, existing_ids)
            async with connection.cursor() as cursor, cursor.copy(COPY_KILLMAILS) as copy:
                for killmail in new:
                    await copy.write_row(_row(killmail, slice_))
            if pending := _pending_names(new, slice_.stale_ids):
                await connection.execute(INSERT_PENDING_NAMES, _pending_params(pending))
            async with connection.cursor() as cursor:
                await cursor.executemany(UPSERT_KILLMAIL, [_columns(slice_.result(killmail)) for killmail in existing])


async def _select_existing(killmails: Sequence[SerializedKillmail], connection: Connection) -> frozenset[int]:
    killmail_ids = bigint_array(killmail.killmail_id for killmail in killmails)
    return frozenset(await connection.column(SELECT_EXISTING, {"killmail_ids": killmail_ids}))


def _partition(
    killmails: Sequence[SerializedKillmail], existing_ids: Collection[int]
) -> tuple[list[SerializedKillmail], list[SerializedKillmail]]:
    """New and existing killmails (a repeated one counts as existing), by id: the order of all row locks."""
    new: dict[int, SerializedKillmail] = {}
    existing: list[SerializedKillmail] = []
    for killmail in sorted(killmails, key=lambda killmail: killmail.killmail_id):
        if killmail.killmail_id in existing_ids or killmail.killmail_id in new:
            existing.append(killmail)
        else:
            new[killmail.killmail_id] = killmail
    return list(new.values()), existing


def _pending_names(killmails: Iterable[SerializedKillmail], stale_ids: Iterable[int]) -> list[tuple[int, int]]:
    """Pairs of entity and killmail; killmail 0 stands for a refresh."""
    missing = [(i, killmail.killmail_id) for killmail in killmails for i in killmail.missing_ids]
    return missing + [(i, 0) for i in stale_ids]


def _pending_params(pending: Iterable[tuple[int, int]]) -> dict[str, str]:
    entity_ids, killmail_ids = zip(*pending, strict=True)
    return {"entity_ids": bigint_array(entity_ids), "killmail_ids": bigint_array(killmail_ids)}


def _row(killmail: SerializedKillmail, slice_: EnrichedSlice) -> tuple[Any, ...]:
    """The values of COPY_KILLMAILS."""
    fields, victim = killmail.fields, killmail.fields["victim"]
    get, of_victim = fields.get, victim.get
    return (
        *(get(name) for name in _LOCATION_FIELDS),
        *(of_victim(name) for name in _VICTIM_FIELDS),
        killmail.attackers,
        *(get(name) for name in _OTHER_FIELDS),
        slice_.enriched_at,
        slice_.duration_ms,
    )


def _columns(result: EnrichmentResult) -> dict[str, Any]:
    """The parameters of UPSERT_KILLMAIL."""
    killmail = result.killmail
    columns = dict(killmail) | {f"victim_{name}": value for name, value in killmail.victim}
    ship = {name: value for name, value in killmail.victim if name.startswith("ship_") or name == "damage_taken"}
    return (
        columns
        | ship
        | {
            "attackers": _ATTACKERS.dump_json(killmail.attackers, by_alias=True, exclude_none=True).decode(),
            "missing_ids": list(result.missing_ids),
            "stale_ids": list(result.stale_ids),
            "enriched_at": result.enriched_at,
            "duration_ms": result.duration_ms,
        }
    )
