"""What a list shows of each battle beside its own row. Statements take the battles of a page at once."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Final, LiteralString, TypeVar
from uuid import UUID

from battle_api.domain.list_rows import (
    BUCKETS,
    EditCountRow,
    ListRows,
    MainAllianceRow,
    SideRow,
    SparkRow,
    SystemRow,
    TopPartyRow,
)
from battle_api.repositories.party_order import PARTY_ORDER
from battle_api.repositories.shown_names import with_unknown_names
from battlescope_events.postgres.database import Connection

MAIN_ALLIANCES: Final[LiteralString] = with_unknown_names("""
SELECT battle_id, party_id AS alliance_id, pilots AS participant_count,
    coalesce((SELECT n.name FROM entity_names n WHERE n.entity_type = 'alliance' AND n.id = party_id),
        {unknown alliance} || party_id) AS alliance_name
FROM unnest(%(ids)s::uuid[]) AS requested (id)
CROSS JOIN LATERAL (
    SELECT battle_id, party_id, pilots FROM battle_side_parties
    WHERE battle_id = requested.id AND party_type = 'alliance' ORDER BY pilots DESC, isk_lost DESC, party_id LIMIT 5
) AS main
""")
SIDES: Final[LiteralString] = """
SELECT battle_id, side_id, pilots, losses, isk_lost, isk_lost_fitted FROM battle_sides
WHERE battle_id = ANY(%(ids)s::uuid[])
ORDER BY battle_id, side_id LIMIT 10000
"""
# The largest party of each side; without a side the sum of all.
TOP_PARTIES: Final[LiteralString] = with_unknown_names("""
SELECT top.*, n.ticker,
    coalesce(n.name, CASE top.party_type WHEN 'alliance' THEN {unknown alliance} ELSE {unknown corporation} END
        || top.party_id) AS party_name
FROM (
    SELECT DISTINCT ON (p.battle_id, p.side_id) p.battle_id, p.side_id, p.party_type, p.party_id, p.role,
        (count(*) OVER side)::integer AS parties, (sum(p.pilots) OVER side)::integer AS pilots
    FROM battle_side_parties p WHERE p.battle_id = ANY(%(ids)s::uuid[])
    WINDOW side AS (PARTITION BY p.battle_id, p.side_id)
    ORDER BY p.battle_id, p.side_id, {party order}
) AS top
LEFT JOIN entity_names n ON n.entity_type = top.party_type AND n.id = top.party_id
LIMIT 10000
""").replace("{party order}", PARTY_ORDER)
SYSTEMS: Final[LiteralString] = with_unknown_names("""
SELECT k.battle_id, k.system_id, coalesce(n.name, {unknown system} || k.system_id) AS system_name
FROM (
    SELECT battle_id, system_id, count(*) AS killmails FROM battle_killmails
    WHERE battle_id = ANY(%(ids)s::uuid[]) GROUP BY battle_id, system_id
) AS k
LEFT JOIN entity_names n ON n.entity_type = 'system' AND n.id = k.system_id
ORDER BY k.battle_id, k.killmails DESC, k.system_id LIMIT 10000
""")
# The last second of a battle belongs to its last bucket.
SPARKS: Final[LiteralString] = """
SELECT b.id AS battle_id, k.side_id,
    floor(extract(epoch FROM k.occurred_at - b.start_time)
        / ceil((b.duration_seconds + 1) / %(buckets)s::float8))::integer AS bucket,
    sum(k.isk_value) AS isk
FROM battles b JOIN battle_killmails k ON k.battle_id = b.id
WHERE b.id = ANY(%(ids)s::uuid[]) GROUP BY b.id, k.side_id, bucket ORDER BY b.id, k.side_id, bucket LIMIT 100000
"""
EDITS: Final[LiteralString] = """
SELECT coalesce(a.battle_id, e.battle_id) AS battle_id, count(*)::integer AS edits
FROM battle_edits e LEFT JOIN battle_aliases a ON a.alias_id = e.battle_id
WHERE e.undone_at IS NULL AND (e.battle_id = ANY(%(ids)s::uuid[]) OR a.battle_id = ANY(%(ids)s::uuid[]))
GROUP BY 1 LIMIT 1000
"""


class ListRowRepository:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def of_battles(self, battle_ids: Sequence[UUID]) -> ListRows:
        rows, params = self._connection.rows, {"ids": list(battle_ids)}
        return ListRows(
            main_alliances=_by_battle(await rows(MainAllianceRow, MAIN_ALLIANCES, params)),
            sides=_by_battle(await rows(SideRow, SIDES, params)),
            top_parties=_by_battle(await rows(TopPartyRow, TOP_PARTIES, params)),
            systems=_by_battle(await rows(SystemRow, SYSTEMS, params)),
            sparks=_by_battle(await rows(SparkRow, SPARKS, {**params, "buckets": BUCKETS})),
            edits={row.battle_id: row.edits for row in await rows(EditCountRow, EDITS, params)},
        )


RowT = TypeVar("RowT", MainAllianceRow, SideRow, TopPartyRow, SystemRow, SparkRow)


def _by_battle(rows: Sequence[RowT]) -> dict[UUID, list[RowT]]:
    grouped: dict[UUID, list[RowT]] = defaultdict(list)
    for row in rows:
        grouped[row.battle_id].append(row)
    return grouped
