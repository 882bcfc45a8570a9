"""Stored killmails: reads, the component of each, the neighbourhood of killmails, and the rows of new ones."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any, Final, LiteralString, NamedTuple

import orjson
from psycopg import AsyncConnection

from battle_cluster.detection.neighbourhood import PilotInterval
from battle_cluster.detection.neighbourhood_loader import NeighbourhoodQuery
from battle_cluster.domain.event_time import to_datetime
from battle_cluster.domain.killmail import (
    Attacker,
    Killmail,
    KillmailFlags,
    Party,
    PartyKind,
    ValueBasis,
    ValueParts,
    Victim,
)
from battle_cluster.persistence.parameters import Row, Values, int_array, json_rows
from battle_cluster.persistence.process_cache import ProcessCache

KILLMAIL_COLUMNS: Final = (
    "killmail_id", "system_id", "region_id", "security_type", "occurred_at", "value", "historical", "component_id",
    "body", "value_revision", "valuation_revision", "value_basis", "fitted_value", "dropped_value", "unpriced_types",
)  # fmt: skip
# New killmails and their pilots; parts of `battles.SAVE`. The body is sent as text: hexadecimal has twice its size.
INSERT_KILLMAILS: Final[LiteralString] = """
INSERT INTO mails (killmail_id, system_id, region_id, security_type, occurred_at, value, historical, component_id, body,
    value_revision, valuation_revision, value_basis, fitted_value, dropped_value,
    unpriced_types)
SELECT killmail_id, system_id, region_id, security_type, occurred_at, value, historical, component_id,
    convert_to(body, 'UTF8'), value_revision, valuation_revision, value_basis, fitted_value, dropped_value,
    unpriced_types
FROM json_to_recordset(%(mails)s::json) AS new (killmail_id bigint, system_id bigint, region_id bigint,
    security_type text, occurred_at timestamptz, value numeric, historical boolean, component_id uuid, body text,
    value_revision integer, valuation_revision integer, value_basis text, fitted_value numeric, dropped_value numeric,
    unpriced_types integer)
"""
INSERT_KILLMAIL_PILOTS: Final[LiteralString] = """
INSERT INTO mail_pilots (character_id, occurred_at, killmail_id)
SELECT character_id, occurred_at, killmail_id
FROM json_to_recordset(%(mail_pilots)s::json) AS new (killmail_id bigint, occurred_at timestamptz, pilots bigint[]),
    unnest(pilots) AS character_id
"""
SET_COMPONENTS: Final[LiteralString] = """
UPDATE mails AS m SET component_id = new.component_id
FROM json_to_recordset(%(components)s::json) AS new (killmail_id bigint, component_id uuid)
WHERE m.killmail_id = new.killmail_id AND m.component_id IS DISTINCT FROM new.component_id
"""
SELECT_COMPONENTS: Final[LiteralString] = """
SELECT killmail_id, component_id::text FROM mails WHERE killmail_id = ANY(%(killmail_ids)s::bigint[])
"""
SELECT_KILLMAILS: Final[LiteralString] = """
SELECT killmail_id, system_id, region_id, security_type, occurred_at, value::float8 AS value, historical, body,
    value_revision, valuation_revision, value_basis, fitted_value::float8 AS fitted_value,
    dropped_value::float8 AS dropped_value, unpriced_types
FROM mails WHERE killmail_id = ANY(%(killmail_ids)s::bigint[])
"""
# The update of the version lets one transaction at a time change values, so that versions become visible in order.
UPDATE_VALUES: Final[LiteralString] = """
WITH version AS (
    UPDATE clustering_configuration SET values_version = values_version + 1 RETURNING values_version
)
UPDATE mails SET value = new.value, value_basis = new.value_basis, fitted_value = new.fitted_value,
    dropped_value = new.dropped_value, unpriced_types = new.unpriced_types,
    body = coalesce(convert_to(new.body, 'UTF8'), mails.body),
    value_revision = new.value_revision, valuation_revision = new.valuation_revision,
    value_version = version.values_version
FROM version, json_to_recordset(%(mails)s::json) AS new (killmail_id bigint, value numeric, value_basis text,
    fitted_value numeric, dropped_value numeric, unpriced_types integer, value_revision integer,
    valuation_revision integer, body text)
WHERE mails.killmail_id = new.killmail_id
"""
# The same value once more: what other processes have cached stays valid.
UPDATE_REVISIONS: Final[LiteralString] = """
UPDATE mails SET value_revision = new.value_revision, valuation_revision = new.valuation_revision
FROM json_to_recordset(%(mails)s::json) AS new (killmail_id bigint, value_revision integer, valuation_revision integer)
WHERE mails.killmail_id = new.killmail_id
"""
SELECT_CHANGED_VALUES: Final[LiteralString] = "SELECT killmail_id FROM mails WHERE value_version > %(version)s"
# Systems and UTC days (counted from 1970) of the killmails between two times.
SELECT_SYSTEM_DAYS: Final[LiteralString] = """
SELECT DISTINCT system_id, floor(extract(epoch FROM occurred_at) / 86400)::bigint FROM mails
WHERE occurred_at BETWEEN to_timestamp(%(start)s::float8) AND to_timestamp(%(end)s::float8)
"""
# The first and last time of the stored components that have a killmail between two times.
SELECT_COMPONENT_SPAN: Final[LiteralString] = """
SELECT extract(epoch FROM min(occurred_at))::bigint, extract(epoch FROM max(occurred_at))::bigint
FROM mails WHERE component_id = ANY(ARRAY(
    SELECT DISTINCT component_id FROM mails
    WHERE occurred_at BETWEEN to_timestamp(%(start)s::float8) AND to_timestamp(%(end)s::float8)
        AND component_id IS NOT NULL
))
"""
# Killmails of systems within time intervals, within a time window, of one pilot interval, and single ones; then all
# members of the components in which any of these is stored, and of the components named. (`= ANY(ARRAY(…))` and
# `OFFSET 0` keep every step on an index however much is stored; joins were planned as scans. `NOT IN (SELECT …)` is
# hashed; `<> ALL` would compare each with each.)
SELECT_NEIGHBOURHOOD: Final[LiteralString] = """
WITH hit AS MATERIALIZED (
    SELECT m.* FROM unnest(%(systems)s::bigint[], %(starts)s::float8[], %(ends)s::float8[]) AS span (id, since, until)
    CROSS JOIN LATERAL (
        SELECT killmail_id, component_id FROM mails
        WHERE system_id = span.id AND occurred_at BETWEEN to_timestamp(span.since) AND to_timestamp(span.until) OFFSET 0
    ) AS m
    UNION
    SELECT killmail_id, component_id FROM mails
    WHERE occurred_at BETWEEN to_timestamp(%(window_start)s::float8) AND to_timestamp(%(window_end)s::float8)
    UNION
    SELECT killmail_id, component_id FROM mails WHERE killmail_id = ANY(%(single)s::bigint[] || ARRAY(
        SELECT DISTINCT killmail_id FROM mail_pilots
        WHERE character_id = ANY(%(pilots)s::bigint[])
            AND occurred_at BETWEEN to_timestamp(%(start)s::float8) AND to_timestamp(%(end)s::float8)
            AND killmail_id NOT IN (SELECT unnest(%(loaded)s::bigint[]))
    ))
)
SELECT killmail_id, component_id::text FROM hit WHERE killmail_id NOT IN (SELECT unnest(%(loaded)s::bigint[]))
UNION
SELECT killmail_id, component_id::text FROM mails
WHERE component_id = ANY(%(components)s::uuid[] || ARRAY(
    SELECT DISTINCT component_id FROM hit WHERE component_id IS NOT NULL
)) AND killmail_id NOT IN (SELECT unnest(%(loaded)s::bigint[]))
"""
# Killmails of pilots, each pilot within a time interval.
SELECT_BY_PILOTS: Final[LiteralString] = """
SELECT DISTINCT seen.killmail_id
FROM unnest(%(pilots)s::bigint[], %(starts)s::bigint[], %(ends)s::bigint[]) AS trail (pilot, since, until)
CROSS JOIN LATERAL (
    SELECT killmail_id FROM mail_pilots
    WHERE character_id = trail.pilot AND occurred_at BETWEEN to_timestamp(trail.since) AND to_timestamp(trail.until)
    OFFSET 0
) AS seen
"""
_NO_PILOTS: Final = PilotInterval(frozenset(), 0, 0)
_KINDS: Final = tuple(PartyKind)
_KIND_INDEX: Final = {kind: index for index, kind in enumerate(_KINDS)}


class KillmailRow(NamedTuple):
    """What is read of a row of `mails`."""

    killmail_id: int
    system_id: int
    region_id: int
    security_type: str
    occurred_at: datetime
    value: float
    historical: bool
    body: bytes
    value_revision: int
    valuation_revision: int
    value_basis: str | None
    fitted_value: float | None
    dropped_value: float | None
    unpriced_types: int


class KillmailRepository:
    """Killmails in the caller's transaction. Only their value ever changes, so reads go through the process cache."""

    def __init__(self, connection: AsyncConnection[Any], cache: ProcessCache) -> None:
        self._connection = connection
        self._cache = cache
        self._values_version = cache.values_version

    async def drop_outdated(self, values_version: int) -> None:
        """Drop what the process has cached with an older value.

        `values_version` is that of the clustering configuration, read in the same transaction.
        """
        self._values_version = values_version
        if self._cache.values_version == values_version:
            return
        cursor = await self._connection.execute(SELECT_CHANGED_VALUES, {"version": self._cache.values_version})
        self._cache.drop_outdated([row[0] for row in await cursor.fetchall()], values_version)

    async def update_values(self, killmails: Iterable[Killmail], with_body: Collection[int] = ()) -> None:
        """Store the values of these killmails; `with_body`: ids of those that have other flags, too."""
        rows = [
            {**_value_row(killmail), "body": encode_body(killmail) if killmail.killmail_id in with_body else None}
            for killmail in killmails
        ]
        await self._connection.execute(UPDATE_VALUES, {"mails": json_rows(rows)})

    async def update_revisions(self, killmails: Iterable[Killmail]) -> None:
        """Store that the value of these killmails is that of later revisions."""
        await self._connection.execute(UPDATE_REVISIONS, {"mails": json_rows(list(map(_value_row, killmails)))})

    async def system_days_between(self, start: int, end: int) -> list[tuple[int, int]]:
        """(system id, UTC day counted from 1970) of every stored killmail between two times."""
        return await (await self._connection.execute(SELECT_SYSTEM_DAYS, {"start": start, "end": end})).fetchall()

    async def span_of_components_between(self, start: int, end: int) -> list[int]:
        """The first and last time of the stored components that have a killmail between two times; empty for none."""
        row = await (await self._connection.execute(SELECT_COMPONENT_SPAN, {"start": start, "end": end})).fetchone()
        return [time for time in row or () if time is not None]

    async def stored_components(self, killmail_ids: Iterable[int]) -> dict[int, str | None]:
        """The stored component of each of these killmails that is stored; None for one without a component."""
        cursor = await self._connection.execute(SELECT_COMPONENTS, {"killmail_ids": int_array(killmail_ids)})
        return {row[0]: row[1] for row in await cursor.fetchall()}

    async def load(self, killmail_ids: Collection[int]) -> dict[int, Killmail]:
        """The killmails by id; only those missing from the cache are read."""
        killmails = self._cache.killmails.get_many(killmail_ids)
        missing = [killmail_id for killmail_id in killmail_ids if killmail_id not in killmails]
        if missing:
            cursor = await self._connection.execute(SELECT_KILLMAILS, {"killmail_ids": int_array(missing)})
            loaded = {row[0]: decode_row(KillmailRow._make(row)) for row in await cursor.fetchall()}
            if self._cache.values_version == self._values_version:  # else another transaction knows of newer values
                self._cache.killmails.put_many(loaded.values())
            killmails |= loaded
        return killmails

    async def find_neighbourhood(self, query: NeighbourhoodQuery) -> dict[int, str | None]:
        """The ids of the killmails that the query asks for, each with its stored component."""
        first, *others = query.pilot_intervals or (_NO_PILOTS,)
        params = {
            "systems": [interval.system_id for interval in query.system_intervals],
            "starts": [interval.start for interval in query.system_intervals],
            "ends": [interval.end for interval in query.system_intervals],
            "components": sorted(query.component_ids),
            "window_start": query.time_window and query.time_window[0],
            "window_end": query.time_window and query.time_window[1],
            "single": int_array(query.killmail_ids | await self._find_by_pilots(others)),
            "pilots": int_array(first.pilots),
            "start": first.start,
            "end": first.end,
            "loaded": int_array(query.loaded_ids),
        }
        return dict(await (await self._connection.execute(SELECT_NEIGHBOURHOOD, params)).fetchall())

    async def _find_by_pilots(self, intervals: Sequence[PilotInterval]) -> frozenset[int]:
        """The killmails of several pilot intervals, in one query."""
        if not intervals:
            return frozenset()
        rows = [(pilot, interval.start, interval.end) for interval in intervals for pilot in interval.pilots]
        pilots, starts, ends = map(int_array, zip(*rows, strict=True))
        params = {"pilots": pilots, "starts": starts, "ends": ends}
        cursor = await self._connection.execute(SELECT_BY_PILOTS, params)
        return frozenset(row[0] for row in await cursor.fetchall())


def killmail_row(killmail: Killmail, component_id: str | None) -> Values:
    """In the order of `KILLMAIL_COLUMNS`."""
    parts = killmail.value_parts
    return (
        killmail.killmail_id,
        killmail.system_id,
        killmail.region_id,
        killmail.security_type,
        to_datetime(killmail.time),
        killmail.value,
        killmail.historical,
        component_id,
        encode_body(killmail),
        killmail.value_revision,
        killmail.valuation_revision,
        killmail.value_basis.value,
        parts.fitted,
        parts.dropped,
        parts.unpriced,
    )


def _value_row(killmail: Killmail) -> Row:
    return {
        "killmail_id": killmail.killmail_id,
        "value": killmail.value,
        "value_basis": killmail.value_basis.value,
        "fitted_value": killmail.value_parts.fitted,
        "dropped_value": killmail.value_parts.dropped,
        "unpriced_types": killmail.value_parts.unpriced,
        "value_revision": killmail.value_revision,
        "valuation_revision": killmail.valuation_revision,
    }


def pilots_row(killmail: Killmail) -> Row:
    """For `INSERT_KILLMAIL_PILOTS`."""
    return {
        "killmail_id": killmail.killmail_id,
        "occurred_at": to_datetime(killmail.time),
        "pilots": int_array(killmail.pilot_ids),
    }


def encode_body(killmail: Killmail) -> str:
    """The fields of a killmail that have no column of their own, as JSON arrays of numbers without field names.

    A killmail with thirty attackers takes about two kilobytes. The flags follow the victim's fields, where the decoder
    of the previous release does not look.
    """
    victim = killmail.victim
    body = [
        [
            *_encoded_ids(victim),
            *(victim.ship_type_id, victim.ship_group_id, victim.ship_category_id),
            *map(int, killmail.flags),
        ],
        [[*_encoded_ids(a), a.ship_type_id, a.damage_done, int(a.final_blow)] for a in killmail.attackers],
        sorted(killmail.nearby_system_ids),
    ]
    return orjson.dumps(body).decode()


def decode_row(row: KillmailRow) -> Killmail:
    victim, attackers, nearby = orjson.loads(row.body)
    return Killmail(
        killmail_id=row.killmail_id,
        time=int(row.occurred_at.timestamp()),
        system_id=row.system_id,
        value=row.value,
        victim=Victim(victim[0], victim[1], victim[2], _party(victim), victim[5], victim[6], victim[7]),
        attackers=tuple(Attacker(a[0], a[1], a[2], _party(a), a[5], a[6], bool(a[7])) for a in attackers),
        nearby_system_ids=frozenset(nearby),
        region_id=row.region_id,
        security_type=row.security_type,
        historical=row.historical,
        value_revision=row.value_revision,
        valuation_revision=row.valuation_revision,
        value_basis=_basis(row),
        value_parts=ValueParts(row.fitted_value, row.dropped_value, row.unpriced_types),
        flags=KillmailFlags(*map(bool, victim[8:])),
    )


def _basis(row: KillmailRow) -> ValueBasis:
    if row.value_basis is not None:
        return ValueBasis(row.value_basis)
    return ValueBasis.ZKB if row.value else ValueBasis.UNKNOWN


def _encoded_ids(pilot: Victim | Attacker) -> list[int | None]:
    party = pilot.party
    kind, party_id = (_KIND_INDEX[party.kind], party.id) if party else (None, None)
    return [pilot.character_id, pilot.corporation_id, pilot.alliance_id, kind, party_id]


def _party(encoded: list[Any]) -> Party | None:
    return None if encoded[3] is None else Party(_KINDS[encoded[3]], encoded[4])
