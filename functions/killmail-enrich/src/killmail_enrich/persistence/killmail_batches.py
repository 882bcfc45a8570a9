"""Rows of mails that come in bulk: what is new by COPY, the rest as single mails are saved."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import chain
from typing import Any, Final, LiteralString

from psycopg import AsyncConnection
from psycopg.errors import UniqueViolation
from psycopg.rows import TupleRow

from killmail_enrich.enrichment.serialization import SerializedKillmail
from killmail_enrich.errors import Unusable
from killmail_enrich.persistence.killmails import Pool, Saved, array, connected, save_all

KNOWN: Final[LiteralString] = """
SELECT killmail_id FROM enriched_killmails WHERE killmail_id = ANY (%(killmail_ids)s::bigint[])
"""
COPY: Final[LiteralString] = """
COPY enriched_killmails (
    killmail_id, killmail_time, system_id, system_name, constellation_id, region_id, region_name, security_status,
    security_type, ship_type_id, ship_type_name, ship_group_id, ship_group_name, ship_category_id,
    victim_character_id, victim_character_name, victim_corp_id, victim_corp_name, victim_alliance_id,
    victim_alliance_name, victim_faction_id, victim_faction_name, victim_damage_taken, attacker_data, attacker_count,
    zkb_total_value, zkb_points, zkb_hash, zkb_url, npc, solo, awox, source, archive_key, enriched_at,
    enrichment_duration_ms
) FROM STDIN
"""
WANT: Final[LiteralString] = """
INSERT INTO wanted_names (entity_id, killmail_id)
SELECT entity_id, killmail_id FROM unnest(%(entity_ids)s::bigint[], %(killmail_ids)s::bigint[])
    AS wanted (entity_id, killmail_id)
ORDER BY entity_id, killmail_id ON CONFLICT DO NOTHING
"""
# The fields behind those columns, in their order.
_PLACE: Final = (
    *("killmailId", "killmailTime", "systemId", "systemName", "constellationId", "regionId", "regionName"),
    *("securityStatus", "securityType"),
)
_VICTIM: Final = (
    *("shipTypeId", "shipTypeName", "shipGroupId", "shipGroupName", "shipCategoryId", "characterId", "characterName"),
    *("corporationId", "corporationName", "allianceId", "allianceName", "factionId", "factionName", "damageTaken"),
)
_REST: Final = (
    *("attackerCount", "zkbTotalValue", "zkbPoints", "zkbHash", "zkbUrl", "npc", "solo", "awox"),
    *("source", "archiveKey"),
)


@dataclass(frozen=True, slots=True)
class Slice:
    """Drafts that are stored together, all or none."""

    drafts: Sequence[SerializedKillmail]
    stale: Collection[int]
    enriched_at: datetime
    duration_ms: int

    def saved(self, draft: SerializedKillmail) -> Saved:
        """As a single mail; the names to refresh are the slice's business."""
        return Saved(draft.mail, draft.missing, (), self.enriched_at, self.duration_ms)


class BulkStore:
    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def save(self, slice_: Slice) -> dict[int, Unusable]:
        """All of them; gives those that the database cannot hold, each with the reason, and stores the others."""
        try:
            await self._save(slice_)
        except UniqueViolation:  # somebody filed one of them meanwhile
            return await self.save(slice_)
        except Unusable as reason:
            if len(slice_.drafts) == 1:
                return {slice_.drafts[0].killmail_id: reason}
            alone = [await self.save(replace(slice_, drafts=[draft])) for draft in slice_.drafts]
            return dict(chain.from_iterable(refused.items() for refused in alone))
        return {}

    async def _save(self, slice_: Slice) -> None:
        async with connected(self._pool) as connection, connection.transaction():
            fresh, again = _sorted(slice_.drafts, await _known(slice_.drafts, connection))
            async with connection.cursor() as cursor, cursor.copy(COPY) as copy:
                for draft in fresh:
                    await copy.write_row(_row(draft, slice_))
            if wanted := _wanted(fresh, slice_.stale):
                await connection.execute(WANT, _pairs(wanted))
            await save_all([slice_.saved(draft) for draft in again], connection)


async def _known(drafts: Sequence[SerializedKillmail], connection: AsyncConnection[TupleRow]) -> frozenset[int]:
    cursor = await connection.execute(KNOWN, {"killmail_ids": array(draft.killmail_id for draft in drafts)})
    return frozenset(row[0] for row in await cursor.fetchall())


def _sorted(
    drafts: Sequence[SerializedKillmail], known: Collection[int]
) -> tuple[list[SerializedKillmail], list[SerializedKillmail]]:
    """New ones and those there already, in the order in which rows are locked elsewhere too."""
    fresh: dict[int, SerializedKillmail] = {}
    again: list[SerializedKillmail] = []
    for draft in sorted(drafts, key=lambda draft: draft.killmail_id):
        if draft.killmail_id in known or draft.killmail_id in fresh:
            again.append(draft)
        else:
            fresh[draft.killmail_id] = draft
    return list(fresh.values()), again


def _wanted(drafts: Iterable[SerializedKillmail], stale: Iterable[int]) -> list[tuple[int, int]]:
    """Who has no name yet, and on which mail."""
    return [(i, draft.killmail_id) for draft in drafts for i in draft.missing] + [(i, 0) for i in stale]


def _pairs(wanted: Iterable[tuple[int, int]]) -> dict[str, str]:
    entity_ids, killmail_ids = zip(*wanted, strict=True)
    return {"entity_ids": array(entity_ids), "killmail_ids": array(killmail_ids)}


def _row(draft: SerializedKillmail, slice_: Slice) -> tuple[Any, ...]:
    fields, victim = draft.fields, draft.fields["victim"]
    get, of_victim = fields.get, victim.get
    return (
        *(get(name) for name in _PLACE),
        *(of_victim(name) for name in _VICTIM),
        draft.attackers,
        *(get(name) for name in _REST),
        slice_.enriched_at,
        slice_.duration_ms,
    )
