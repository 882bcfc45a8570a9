"""The ingestion database: all SQL of this function. A batch is one transaction, fenced by the run's lease."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict
from typing import Any, Final, LiteralString
from uuid import UUID

from psycopg.rows import kwargs_row
from psycopg.types.json import Jsonb

from battlescope_events.errors import TransientError
from battlescope_events.postgres import database as postgres
from battlescope_events.postgres import unit_of_work as units
from battlescope_events.postgres.database import Connection, Pool
from battlescope_events.postgres.outbox import Outbox
from battlescope_events.postgres.pipelines import pipelined_transaction
from battlescope_schemas.reference import KillmailRefused, Source
from battlescope_schemas.ruleset import FilteredKillmail, Ruleset, zkb_url
from ingest_poll.errors import LeaseLost
from ingest_poll.feed.failover import FailoverState
from ingest_poll.feed.feed_state import Backlog, FeedPosition, Gap

# Only the database's clock decides about the lease, because the clocks of two pods may differ.
TAKE_LEASE: Final[LiteralString] = """
UPDATE ingestion_status
SET lease_holder = %(holder)s, lease_until = clock_timestamp() + %(ttl)s * interval '1 second', last_poll_at = now()
WHERE lease_until IS NULL OR lease_until < clock_timestamp()
RETURNING last_sequence AS cursor, head, head_asked_at, quiet_until, skip_at, found_at, holes, tries,
  consecutive_failures AS failures"""
RENEW_LEASE: Final[LiteralString] = """
UPDATE ingestion_status SET lease_until = clock_timestamp() + %(ttl)s * interval '1 second'
WHERE lease_holder = %(holder)s RETURNING true"""
RELEASE_LEASE: Final[LiteralString] = """
UPDATE ingestion_status SET lease_holder = NULL, lease_until = NULL WHERE lease_holder = %(holder)s"""
SAVE_POSITION: Final[LiteralString] = """
UPDATE ingestion_status SET
  lease_until = clock_timestamp() + %(ttl)s * interval '1 second',
  last_sequence = %(cursor)s, head = %(head)s, head_asked_at = %(head_asked_at)s, quiet_until = %(quiet_until)s,
  skip_at = %(skip_at)s, found_at = %(found_at)s, holes = %(holes)s, tries = %(tries)s,
  consecutive_failures = %(failures)s, last_poll_at = now(),
  last_successful_poll_at = CASE WHEN %(is_healthy)s THEN now() ELSE last_successful_poll_at END,
  is_healthy = COALESCE(%(is_healthy)s OR last_successful_poll_at > now() - interval '60 seconds', false),
  last_killmail_id = COALESCE(%(last_killmail_id)s, last_killmail_id)
WHERE lease_holder = %(holder)s RETURNING true"""
ACTIVE_RULESET: Final[LiteralString] = """
SELECT id, min_pilots, tracked_alliance_ids, tracked_corp_ids, tracked_character_ids, tracked_system_ids,
  tracked_security_types, ignore_unlisted, exclude_npc
FROM rulesets WHERE is_active"""
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
INSERT_REFUSED: Final[LiteralString] = """
INSERT INTO refused_bodies (event_id, sequence_id, url, reason, excerpt, archive_key)
SELECT * FROM unnest(%(event_ids)s::uuid[], %(sequences)s::bigint[], %(urls)s::text[], %(reasons)s::text[],
  %(excerpts)s::text[], %(keys)s::text[]) ON CONFLICT DO NOTHING"""
DELETE_REFUSED: Final[LiteralString] = "DELETE FROM refused_bodies WHERE archive_key = %(key)s"
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
UPSERT_GAP: Final[LiteralString] = """
INSERT INTO feed_gaps (first_sequence, last_sequence, reason, after_time)
VALUES (%(first)s, %(last)s, %(reason)s, %(after_time)s)
ON CONFLICT (first_sequence) DO UPDATE
SET last_sequence = greatest(feed_gaps.last_sequence, excluded.last_sequence), filled_at = NULL"""
INSERT_REREADS: Final[LiteralString] = """
INSERT INTO feed_rereads (sequence_id) SELECT DISTINCT unnest(%(sequences)s::bigint[]) ON CONFLICT DO NOTHING"""
DUE_REREADS: Final[LiteralString] = """
SELECT sequence_id FROM feed_rereads WHERE due_at <= now() AND tries < 10 ORDER BY due_at LIMIT %(limit)s"""
DELETE_REREADS: Final[LiteralString] = "DELETE FROM feed_rereads WHERE sequence_id = ANY(%(sequences)s)"
# Doubled from a minute: ten tries take most of the day after which the feed deletes a file.
POSTPONE_REREAD: Final[LiteralString] = """
UPDATE feed_rereads SET tries = tries + 1, due_at = now() + interval '1 minute' * 2 ^ tries
WHERE sequence_id = %(sequence)s"""

LOAD_FAILOVER: Final[LiteralString] = """
SELECT active, since, reason, silent_seconds, failing_seconds, working_seconds, observed_at, last_killmail_at
FROM source_failover"""
SAVE_FAILOVER: Final[LiteralString] = """
UPDATE source_failover SET active = %(active)s, since = coalesce(%(since)s, since), reason = %(reason)s,
  silent_seconds = %(silent_seconds)s, failing_seconds = %(failing_seconds)s, working_seconds = %(working_seconds)s,
  observed_at = %(observed_at)s, last_killmail_at = %(last_killmail_at)s"""
SOURCE_SECONDS: Final[LiteralString] = """
SELECT CASE WHEN active = 'standby' THEN greatest(1, extract(epoch FROM now() - since))::bigint ELSE 0 END
FROM source_failover"""
INSERT_SWITCH: Final[LiteralString] = """
INSERT INTO source_switches (active, reason) VALUES (%(active)s, %(reason)s)"""
DELETE_OLD_SWITCHES: Final[LiteralString] = """
DELETE FROM source_switches WHERE switched_at < now() - interval '90 days'"""
LOAD_STANDBY_POSITION: Final[LiteralString] = """
SELECT cursor, head, head_asked_at, quiet_until, skip_at, found_at, holes, tries, failures FROM source_failover"""
SAVE_STANDBY_POSITION: Final[LiteralString] = """
UPDATE source_failover SET cursor = %(cursor)s, head = %(head)s, head_asked_at = %(head_asked_at)s,
  quiet_until = %(quiet_until)s, skip_at = %(skip_at)s, found_at = %(found_at)s, holes = %(holes)s, tries = %(tries)s,
  failures = %(failures)s,
  standby_success_at = CASE WHEN %(failures)s::integer = 0 THEN now() ELSE standby_success_at END"""
INSERT_BACKLOG: Final[LiteralString] = """
INSERT INTO feed_backlogs (first_sequence, cursor, head, found_at)
VALUES (%(first)s, %(cursor)s, %(head)s, %(found_at)s) ON CONFLICT DO NOTHING"""
# The oldest one first: its files are the next to expire.
LOAD_BACKLOG: Final[LiteralString] = """
SELECT first_sequence, cursor, head, head_asked_at, quiet_until, skip_at, found_at, holes, tries, failures
FROM feed_backlogs ORDER BY first_sequence LIMIT 1"""
SAVE_BACKLOG: Final[LiteralString] = """
UPDATE feed_backlogs SET cursor = %(cursor)s, quiet_until = %(quiet_until)s, skip_at = %(skip_at)s,
  found_at = %(found_at)s, holes = %(holes)s, tries = %(tries)s, failures = %(failures)s
WHERE first_sequence = %(first)s"""
DELETE_BACKLOG: Final[LiteralString] = "DELETE FROM feed_backlogs WHERE first_sequence = %(first)s"
MAX_LISTING_TRIES: Final = 6  # from ten minutes on, doubled: ESI has a killmail within hours, or the list is wrong
MISSING_IDS: Final[LiteralString] = """
SELECT listed.killmail_id FROM unnest(%(ids)s::bigint[]) AS listed (killmail_id)
WHERE NOT EXISTS (SELECT FROM killmail_ids AS i WHERE i.killmail_id = listed.killmail_id)
  AND NOT EXISTS (SELECT FROM unavailable_listings AS u
    WHERE u.killmail_id = listed.killmail_id AND (u.tries >= %(max_tries)s OR u.due_at > now()))
ORDER BY listed.killmail_id DESC"""
POSTPONE_LISTED: Final[LiteralString] = """
INSERT INTO unavailable_listings AS stored (killmail_id, reason, due_at)
SELECT killmail_id, reason, now() + interval '10 minutes'
FROM unnest(%(ids)s::bigint[], %(reasons)s::text[]) AS u (killmail_id, reason) ORDER BY killmail_id
ON CONFLICT (killmail_id) DO UPDATE SET reason = excluded.reason, tries = stored.tries + 1, updated_at = now(),
  due_at = now() + interval '10 minutes' * 2 ^ stored.tries"""
DELETE_OLD_LISTINGS: Final[LiteralString] = """
DELETE FROM unavailable_listings WHERE updated_at < now() - interval '7 days'"""

BROKER: Final = "killmails"
PUBLISH_LANES: Final = 8  # concurrent requests to the Broker; events of one system share a lane and keep their order
LEASE_SECONDS: Final = 8.0  # a killed run blocks its successor this long; a live run renews at every quarter of it


class UnitOfWork(units.UnitOfWork):
    """One transaction of the run that holds the lease, which `Database.unit_of_work` commits.

    Statements without a result are sent together with the next one whose result is read.
    """

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

    async def insert_refused(self, refused: Sequence[tuple[str, KillmailRefused]]) -> None:
        """Insert payloads of refused entries, each with its event's id."""
        if refused:
            params = {
                "event_ids": [event_id for event_id, _ in refused],
                "sequences": [payload.sequence_id for _, payload in refused],
                "urls": [payload.url for _, payload in refused],
                "reasons": [payload.reason for _, payload in refused],
                "excerpts": [payload.excerpt for _, payload in refused],
                "keys": [payload.archive_key for _, payload in refused],
            }
            await self._connection.execute(INSERT_REFUSED, params)

    async def delete_refused(self, archive_key: str) -> None:
        await self._connection.execute(DELETE_REFUSED, {"key": archive_key})

    async def add_counts(self, counts: Mapping[str, int]) -> None:
        if counts["received"]:
            await self._connection.execute(ADD_COUNTS, counts)

    async def record_gap(self, gap: Gap | None) -> None:
        if gap:
            await self._connection.execute(UPSERT_GAP, asdict(gap))

    async def update_rereads(self, done: Sequence[int], requested: Sequence[int]) -> None:
        """Delete the sequences that were read again and insert those that the feed has rewritten."""
        if done:
            await self._connection.execute(DELETE_REREADS, {"sequences": list(done)})
        if requested:
            await self._connection.execute(INSERT_REREADS, {"sequences": list(requested)})

    async def postpone_listed(self, unavailable: Mapping[int, str]) -> None:
        """Remember listed killmails that cannot be had now, with the reason of each."""
        if unavailable:
            params = {"ids": list(unavailable), "reasons": list(unavailable.values())}
            await self._connection.execute(POSTPONE_LISTED, params)
            await self._connection.execute(DELETE_OLD_LISTINGS)

    async def insert_backlog(self, backlog: Backlog | None) -> None:
        if backlog:
            await self._connection.execute(INSERT_BACKLOG, asdict(backlog.position) | {"first": backlog.first})

    async def save_backlog(self, backlog: Backlog) -> None:
        """Store the position, or delete the backlog once it is read."""
        if backlog.is_read:
            await self._connection.execute(DELETE_BACKLOG, {"first": backlog.first})
        else:
            await self._connection.execute(SAVE_BACKLOG, asdict(backlog.position) | {"first": backlog.first})

    async def save_standby_position(self, position: FeedPosition) -> None:
        await self._connection.execute(SAVE_STANDBY_POSITION, asdict(position))


class Database(postgres.Database):
    """The ingestion database with the outbox of this function, and what needs no unit of work."""

    def __init__(self, pool: Pool, schema_version: str | None = None) -> None:
        super().__init__(pool, "ingestion", schema_version)
        self.outbox = Outbox(self, BROKER, lanes=PUBLISH_LANES)

    async def take_lease(self, holder: UUID) -> FeedPosition | None:
        """The position to resume from, or none while another run holds the lease."""
        async with self.connection() as connection:
            return await connection.row(FeedPosition, TAKE_LEASE, {"holder": holder, "ttl": LEASE_SECONDS})

    async def renew_lease(self, holder: UUID) -> None:
        """Extend the lease. Raises `LeaseLost`."""
        async with self.connection() as connection:
            _require_lease(await connection.scalar(RENEW_LEASE, {"holder": holder, "ttl": LEASE_SECONDS}))

    async def release_lease(self, holder: UUID) -> None:
        async with self.connection() as connection:
            await connection.execute(RELEASE_LEASE, {"holder": holder})

    @asynccontextmanager
    async def _fenced(self, statement: LiteralString, params: Mapping[str, Any]) -> AsyncGenerator[Connection]:
        """A transaction that begins with `statement`, which finds a row only while the run holds the lease.

        The row is locked from then on, but it is read at the end: that spares an exchange with the database.
        """
        async with pipelined_transaction(self) as connection:
            cursor = await connection.execute(statement, params)
            yield connection
            _require_lease(await cursor.fetchone())

    @asynccontextmanager
    async def unit_of_work(
        self, holder: UUID, position: FeedPosition, last_killmail_id: int | None
    ) -> AsyncGenerator["UnitOfWork"]:
        """A transaction that saves `position` together with the rows of the caller.

        Raises:
            LeaseLost: another run holds the lease; nothing is written.
        """
        is_healthy = not (position.failures or position.tries)
        params = asdict(position) | {"holder": holder, "ttl": LEASE_SECONDS, "is_healthy": is_healthy}
        async with self._fenced(SAVE_POSITION, params | {"last_killmail_id": last_killmail_id}) as connection:
            await self.outbox.delete_published(connection)
            yield UnitOfWork(connection, self.outbox)

    @asynccontextmanager
    async def standby_unit_of_work(self, holder: UUID, position: FeedPosition) -> AsyncGenerator["UnitOfWork"]:
        """As `unit_of_work`, but `position` is that in the standby source."""
        async with self._fenced(RENEW_LEASE, {"holder": holder, "ttl": LEASE_SECONDS}) as connection:
            uow = UnitOfWork(connection, self.outbox)
            await uow.save_standby_position(position)
            yield uow

    @asynccontextmanager
    async def backlog_unit_of_work(self, holder: UUID, backlog: Backlog) -> AsyncGenerator["UnitOfWork"]:
        """As `unit_of_work`, but the position is that of a backlog."""
        async with self._fenced(RENEW_LEASE, {"holder": holder, "ttl": LEASE_SECONDS}) as connection:
            uow = UnitOfWork(connection, self.outbox)
            await uow.save_backlog(backlog)
            yield uow

    async def load_backlog(self) -> Backlog | None:
        """The oldest backlog."""
        async with self.connection() as connection, connection.cursor(row_factory=kwargs_row(_backlog)) as cursor:
            return await (await cursor.execute(LOAD_BACKLOG)).fetchone()

    async def load_failover(self) -> tuple[FailoverState, FeedPosition]:
        """Which source is active, and the position in the standby."""
        async with self.connection() as connection:
            state = await connection.row(FailoverState, LOAD_FAILOVER)
            position = await connection.row(FeedPosition, LOAD_STANDBY_POSITION)
        return state or FailoverState(), position or FeedPosition()

    async def save_failover(self, holder: UUID, state: FailoverState, standby: FeedPosition | None) -> None:
        """Store what was observed of the primary source; with `standby`, the source was switched.

        Raises:
            LeaseLost: another run holds the lease; nothing is written.
        """
        async with self._fenced(RENEW_LEASE, {"holder": holder, "ttl": LEASE_SECONDS}) as connection:
            await connection.execute(SAVE_FAILOVER, asdict(state))
            if standby is not None:
                await connection.execute(SAVE_STANDBY_POSITION, asdict(standby))
                await connection.execute(INSERT_SWITCH, {"active": state.active, "reason": state.reason})
                await connection.execute(DELETE_OLD_SWITCHES)

    async def missing_ids(self, killmail_ids: Sequence[int]) -> list[int]:
        """Of listed killmails those that are neither stored nor known to be unavailable now, the newest first."""
        if not killmail_ids:
            return []
        async with self.connection() as connection:
            params = {"ids": list(killmail_ids), "max_tries": MAX_LISTING_TRIES}
            return await connection.column(MISSING_IDS, params)

    async def readiness(self) -> dict[str, int]:
        """Counts for the readiness answer: parked messages, and for how many seconds the standby has been active."""
        answer = await self.outbox.ready()
        async with self.connection() as connection:
            return answer | {"standbySourceSeconds": await connection.scalar(SOURCE_SECONDS)}

    @asynccontextmanager
    async def refused_body_work(self) -> AsyncGenerator["UnitOfWork"]:
        """A transaction beside the run that holds the lease: it leaves the position alone, and ids admit one writer."""
        async with pipelined_transaction(self) as connection:
            yield UnitOfWork(connection, self.outbox)

    async def active_ruleset(self) -> Ruleset:
        """The active ruleset.

        Raises:
            TransientError: none is active; accepting or rejecting everything could not be undone.
        """
        async with self.connection() as connection, connection.cursor(row_factory=kwargs_row(_ruleset)) as cursor:
            await cursor.execute(ACTIVE_RULESET)
            ruleset = await cursor.fetchone()
        if ruleset is None:
            raise TransientError("No ruleset is active.")
        return ruleset

    async def due_rereads(self, limit: int) -> list[int]:
        """Sequences of rewritten files whose next read is due."""
        async with self.connection() as connection:
            return await connection.column(DUE_REREADS, {"limit": limit})

    async def postpone_reread(self, sequence: int) -> None:
        async with self.connection() as connection:
            await connection.execute(POSTPONE_REREAD, {"sequence": sequence})


def _ruleset(**columns: Any) -> Ruleset:
    sets: dict[str, Any] = {name: frozenset[int](columns[name]) for name in columns if name.startswith("tracked_")}
    return Ruleset(**columns | sets)


def _require_lease(row: object) -> None:
    if row is None:
        raise LeaseLost("Another run of ingest-poll holds the feed lease.")


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


def _backlog(first_sequence: int, **position: Any) -> Backlog:
    return Backlog(first_sequence, FeedPosition(**position))
