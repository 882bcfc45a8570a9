"""Reads enriched killmails. killmail-enrich owns the tables; this function has read access only."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, LiteralString

from battlescope_events.postgres.database import Connection

# Rows of older releases have no valuation; what is shown of them is the total of zKillboard.
# Reads the most recent killmails of each security type by index, at most five times the limit, then the most recent
# of those.
SELECT_RECENT: Final[LiteralString] = """
SELECT killmail.killmail_id, system_id, system_name, killmail_time AS timestamp, security_type,
    victim_alliance_id, victim_alliance_name, victim_corp_id, victim_corp_name, victim_character_id,
    victim_character_name, attacker_data, ship_type_id, ship_type_name, zkb_url,
    CASE WHEN valuation IS NULL THEN zkb_total_value ELSE total_value END AS isk_value,
    CASE WHEN valuation IS NULL AND zkb_total_value IS NOT NULL THEN 'zkb' ELSE value_source END AS value_source,
    CASE WHEN value_source = 'computed' THEN valuation #>> '{computedValue,confidence}' END AS value_confidence,
    battle.battle_id, attacker_count + 1 AS participant_count
FROM (
    SELECT latest.killmail_id
    FROM unnest(%(security_types)s::text[]) AS selected (security_type)
    CROSS JOIN LATERAL (
        SELECT killmail_id, killmail_time FROM enriched_killmails WHERE security_type = selected.security_type
        ORDER BY killmail_time DESC, killmail_id DESC LIMIT %(max_rows)s
    ) AS latest
    ORDER BY latest.killmail_time DESC, latest.killmail_id DESC LIMIT %(max_rows)s
) AS recent
JOIN enriched_killmails AS killmail USING (killmail_id)
LEFT JOIN LATERAL (
    SELECT battle_id FROM battle_killmails WHERE killmail_id = killmail.killmail_id ORDER BY battle_id LIMIT 1
) AS battle ON true
ORDER BY killmail_time DESC, killmail.killmail_id DESC
"""
SELECT_KILLMAIL: Final[LiteralString] = """
SELECT killmail.*, killmail_time AS timestamp, attacker_count + 1 AS participant_count,
    CASE WHEN valuation IS NULL THEN zkb_total_value ELSE total_value END AS isk_value,
    CASE WHEN valuation IS NULL AND zkb_total_value IS NOT NULL THEN 'zkb' ELSE value_source END AS shown_source,
    ARRAY(
        SELECT json_build_object('type_id', listed.id, 'type_name', types.name)
        FROM jsonb_array_elements_text(valuation #> '{computedValue,unpriced}') AS listed (id)
        LEFT JOIN types ON types.type_id = listed.id::bigint ORDER BY listed.id::bigint
    ) AS unpriced_types,
    (SELECT battle_id FROM battle_killmails WHERE killmail_id = killmail.killmail_id ORDER BY battle_id LIMIT 1),
    EXISTS (
        SELECT FROM wanted_names LEFT JOIN entity_names USING (entity_id)
        WHERE killmail_id = killmail.killmail_id AND (retry_at IS NULL OR retry_at <> 'infinity')
    ) AS names_missing
FROM enriched_killmails AS killmail WHERE killmail_id = %(killmail_id)s
"""


class KillmailRepository:
    """Rows of killmails, as mappings by column name."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def find_recent(self, security_types: Sequence[str], max_rows: int) -> list[dict[str, Any]]:
        """The most recent killmails of these security types, newest first."""
        params = {"security_types": list(security_types), "max_rows": max_rows}
        return await self._connection.rows(dict[str, Any], SELECT_RECENT, params)

    async def find(self, killmail_id: int) -> Mapping[str, Any] | None:
        return await self._connection.row(dict[str, Any], SELECT_KILLMAIL, {"killmail_id": killmail_id})
