"""Killmails of the feed: their ids, the rows of accepted and rejected ones, and the statistics of each hour."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, LiteralString

from psycopg.types.json import Jsonb

from battlescope_events.postgres.database import Connection
from battlescope_schemas.reference import Source
from battlescope_schemas.ruleset import FilteredKillmail, zkb_url

# Ordered, so that two writers of the same killmails wait for each other instead of deadlocking.
CLAIM_IDS: Final[LiteralString] = """
INSERT INTO killmail_ids (killmail_id, occurred_at)
SELECT * FROM unnest(%(ids)s::bigint[], %(times)s::timestamptz[]) AS new (killmail_id, occurred_at)
ORDER BY killmail_id
ON CONFLICT DO NOTHING RETURNING killmail_id"""
ENSURE_MONTHS: Final[LiteralString] = """
SELECT ensure_killmail_month(month)
FROM (SELECT DISTINCT date_trunc('month', t, 'UTC') FROM unnest(%(times)s::timestamptz[]) AS t) AS m (month)"""
INSERT_KILLMAILS: Final[LiteralString] = """
INSERT INTO killmail_events (killmail_id, zkb_hash, system_id, occurred_at, victim_alliance_id, victim_corp_id,
  victim_character_id, attacker_alliance_ids, attacker_corp_ids, pilot_count, isk_value, zkb_url, source, ruleset_id,
  archive_key)
SELECT * FROM jsonb_to_recordset(%(rows)s) AS r (killmail_id bigint, zkb_hash text, system_id bigint,
  occurred_at timestamptz, victim_alliance_id bigint, victim_corp_id bigint, victim_character_id bigint,
  attacker_alliance_ids bigint[], attacker_corp_ids bigint[], pilot_count integer, isk_value numeric, zkb_url text,
  source text, ruleset_id uuid, archive_key text)"""
INSERT_REJECTED: Final[LiteralString] = """
INSERT INTO rejected_killmails (day, killmail_id, reason)
SELECT * FROM unnest(%(days)s::date[], %(ids)s::bigint[], %(reasons)s::text[]) ON CONFLICT DO NOTHING"""
# Of the same body only; returns the killmails whose value changed, with the number of changes so far.
UPDATE_VALUES: Final[LiteralString] = """
WITH repeated AS (
  SELECT r.*, e.isk_value IS DISTINCT FROM coalesce(r.isk_value, e.isk_value) AS is_new_value
  FROM jsonb_to_recordset(%(rows)s) AS r (killmail_id bigint, occurred_at timestamptz, zkb_hash text, isk_value numeric,
    archive_key text)
  JOIN killmail_events AS e USING (killmail_id, occurred_at, zkb_hash)
), updated AS (
  UPDATE killmail_events AS e SET isk_value = coalesce(r.isk_value, e.isk_value), archive_key = r.archive_key,
    value_revision = e.value_revision + r.is_new_value::integer
  FROM repeated AS r WHERE e.killmail_id = r.killmail_id AND e.occurred_at = r.occurred_at
  RETURNING e.killmail_id, e.value_revision, r.is_new_value
)
SELECT killmail_id, value_revision FROM updated WHERE is_new_value"""
# Of rejected killmails only the time is kept, so another body of the same second goes unnoticed.
OTHER_BODIES: Final[LiteralString] = """
SELECT r.killmail_id FROM jsonb_to_recordset(%(rows)s) AS r (killmail_id bigint, occurred_at timestamptz, zkb_hash text)
JOIN killmail_ids AS i USING (killmail_id)
LEFT JOIN killmail_events AS e ON e.killmail_id = i.killmail_id AND e.occurred_at = i.occurred_at
WHERE i.occurred_at <> r.occurred_at OR e.zkb_hash <> r.zkb_hash"""
ADD_COUNTS: Final[LiteralString] = """
INSERT INTO ingestion_stats_hourly AS s (hour, received, accepted, duplicate, refused, rejected_min_pilots,
  rejected_system, rejected_security, rejected_entity, rejected_npc, security_guessed, from_standby, from_backlog)
VALUES (date_trunc('hour', now(), 'UTC'), %(received)s, %(accepted)s, %(duplicate)s, %(refused)s,
  %(rejected_min_pilots)s, %(rejected_system)s, %(rejected_security)s, %(rejected_entity)s, %(rejected_npc)s,
  %(security_guessed)s, %(from_standby)s, %(from_backlog)s)
ON CONFLICT (hour) DO UPDATE SET received = s.received + excluded.received, accepted = s.accepted + excluded.accepted,
  duplicate = s.duplicate + excluded.duplicate, refused = s.refused + excluded.refused,
  rejected_min_pilots = s.rejected_min_pilots + excluded.rejected_min_pilots,
  rejected_system = s.rejected_system + excluded.rejected_system,
  rejected_security = s.rejected_security + excluded.rejected_security,
  rejected_entity = s.rejected_entity + excluded.rejected_entity,
  rejected_npc = s.rejected_npc + excluded.rejected_npc,
  security_guessed = s.security_guessed + excluded.security_guessed,
  from_standby = s.from_standby + excluded.from_standby,
  from_backlog = s.from_backlog + excluded.from_backlog"""


class KillmailRepository:
    """Killmails in the caller's transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def claim_ids(self, killmails: Sequence[FilteredKillmail]) -> set[int]:
        """Record the killmail ids as processed; returns those that were not yet."""
        if not killmails:
            return set()
        params = {
            "ids": [filtered.killmail.killmail_id for filtered in killmails],
            "times": [filtered.killmail.killmail_time for filtered in killmails],
        }
        return set(await self._connection.column(CLAIM_IDS, params))

    async def insert_accepted(self, killmails: Sequence[FilteredKillmail]) -> None:
        if killmails:
            times = [filtered.killmail.killmail_time for filtered in killmails]
            await self._connection.execute(ENSURE_MONTHS, {"times": times})
            await self._connection.execute(
                INSERT_KILLMAILS, {"rows": Jsonb([_row(filtered) for filtered in killmails])}
            )

    async def insert_rejected(self, killmails: Sequence[FilteredKillmail]) -> None:
        if killmails:
            params = {
                "days": [filtered.killmail.killmail_time.date() for filtered in killmails],
                "ids": [filtered.killmail.killmail_id for filtered in killmails],
                "reasons": [filtered.rejection for filtered in killmails],
            }
            await self._connection.execute(INSERT_REJECTED, params)

    async def update_values(self, killmails: Sequence[FilteredKillmail]) -> dict[int, int]:
        """The feed repeats a killmail when its value or labels change; the latest value wins.

        Returns the revision of each new value by killmail id.
        """
        if not killmails:
            return {}
        rows = Jsonb([_row(filtered) for filtered in killmails])
        return dict(await (await self._connection.execute(UPDATE_VALUES, {"rows": rows})).fetchall())

    async def find_other_bodies(self, killmails: Sequence[FilteredKillmail]) -> set[int]:
        """The ids of these killmails that are stored with another body; the stored one counts."""
        if not killmails:
            return set()
        rows = Jsonb([_row(filtered) for filtered in killmails])
        return set(await self._connection.column(OTHER_BODIES, {"rows": rows}))

    async def add_counts(self, counts: Mapping[str, int]) -> None:
        if counts["received"]:
            await self._connection.execute(ADD_COUNTS, counts)


def _row(filtered: FilteredKillmail) -> dict[str, Any]:
    killmail = filtered.killmail
    return {
        "killmail_id": killmail.killmail_id,
        "zkb_hash": killmail.hash,
        "system_id": killmail.solar_system_id,
        "occurred_at": killmail.killmail_time.isoformat(),
        "victim_alliance_id": killmail.victim.alliance_id or None,
        "victim_corp_id": killmail.victim.corporation_id or None,
        "victim_character_id": killmail.victim.character_id or None,
        "attacker_alliance_ids": filtered.attacker_alliance_ids,
        "attacker_corp_ids": filtered.attacker_corp_ids,
        "pilot_count": filtered.pilot_count,
        "isk_value": None if killmail.isk_value is None else str(killmail.isk_value),
        "zkb_url": zkb_url(killmail.killmail_id),
        "source": Source.LIVE,
        "ruleset_id": str(filtered.ruleset_id),
        "archive_key": filtered.archive_key,
    }
