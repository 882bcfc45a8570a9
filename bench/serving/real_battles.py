"""Real days in the databases of battles and of killmails, enriched and clustered by the functions' own code."""

import csv
import gzip
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Final, LiteralString

import psycopg
from inserts import pool

from battle_cluster.handlers.killmails import process
from battle_cluster.messaging.enriched_killmail import IncomingKillmail, read_lines
from battle_cluster.persistence.process_cache import ProcessCache
from battle_cluster.persistence.unit_of_work import Database
from battlescope_events.postgres.database import Database as EventDatabase
from battlescope_local.replay.esi_killmail import estimated_value
from battlescope_schemas.killmail import InvalidKillmail, read_killmail
from battlescope_schemas.reference import KillmailReference, Source
from battlescope_schemas.reference_lines import line_of
from killmail_enrich.enrichment.enrichment import EnrichedLine, encode, enrich
from killmail_enrich.enrichment.locations import ItemType, Location
from killmail_enrich.persistence.killmails import EnrichedSlice, KillmailRepository

ROOT: Final = Path(__file__).resolve().parents[2]
SHARED: Final = ROOT.parent / "shared" / "data"
COPY_SYSTEMS: Final[LiteralString] = (
    "COPY systems (system_id, name, constellation_id, region_id, security_status) FROM STDIN"
)
COPY_TYPES: Final[LiteralString] = "COPY types (type_id, name, group_id) FROM STDIN"
DAYS: Final = ("2021-11-27", "2021-11-28", "2021-11-29", "2021-11-30")


def _rows(path: str) -> list[dict[str, str]]:
    with gzip.open(SHARED / f"{path}.csv.gz", "rt", encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


@cache
def names() -> Mapping[int, str]:
    """The names of characters, corporations and alliances that are known; the others have none."""
    known: dict[int, str] = {}
    for kind in ("characters", "corporations", "alliances"):
        for row in _rows(f"names/{kind}"):
            entity_id, name = list(row.values())[:2]
            known[int(entity_id)] = name
    return known


@cache
def item_types() -> Mapping[int, ItemType]:
    groups = {int(row["group_id"]): row for row in _rows("sde/groups")}
    types: dict[int, ItemType] = {}
    for row in _rows("sde/types"):
        group = groups.get(int(row["group_id"] or 0))
        types[int(row["type_id"])] = ItemType(
            type_id=int(row["type_id"]),
            type_name=row["name"] or None,
            group_id=int(row["group_id"] or 0),
            group_name=group["name"] if group else None,
            category_id=int(group["category_id"]) if group else None,
        )
    return types


@cache
def locations() -> Mapping[int, Location]:
    rows = {int(row["system_id"]): row for row in _rows("sde/systems")}
    gates = {system: frozenset(map(int, row["linked_system_ids"].split())) for system, row in rows.items()}

    def nearby(system: int) -> tuple[int, ...]:
        adjacent = gates[system]
        reached = adjacent.union(*(gates.get(other, frozenset[int]()) for other in adjacent)) - {system}
        return tuple(sorted(reached))

    return {
        system: _location(system, row, nearby(system), tuple(sorted(gates[system]))) for system, row in rows.items()
    }


def _location(system: int, row: Mapping[str, str], nearby: tuple[int, ...], adjacent: tuple[int, ...]) -> Location:
    return Location(
        system_id=system,
        system_name=row["name"],
        constellation_id=int(row["constellation_id"]),
        region_id=int(row["region_id"]),
        region_name=row["region"],
        security_status=float(row["security"]),
        nearby_system_ids=nearby,
        adjacent_system_ids=adjacent,
        sun_name=row["wh_effect"] or None,
    )


def enriched_killmails(day: str) -> Iterator[EnrichedLine]:
    """The killmails of a day as killmail-enrich makes them; values are estimated from damage, as in the tests."""
    with gzip.open(SHARED / "killmails" / f"everef-{day}.jsonl.gz", "rb") as lines:
        for line in lines:
            try:
                killmail = read_killmail(line)
            except InvalidKillmail:
                continue
            reference = KillmailReference(
                killmail_id=killmail.killmail_id,
                zkb_hash=killmail.hash,
                killmail_time=killmail.killmail_time,
                system_id=killmail.solar_system_id,
                isk_value=round(Decimal(estimated_value(killmail.victim.damage_taken)), 2),
                zkb_url=f"https://zkillboard.com/kill/{killmail.killmail_id}/",
                source=Source.HISTORICAL,
                archive_key=f"raw-killmails/{killmail.killmail_id}",
            )
            location = locations().get(killmail.solar_system_id)
            if location is not None:
                yield enrich(line_of(reference), killmail, location, item_types(), names())


def enriched_lines(day: str) -> Iterator[bytes]:
    """The same killmails as lines of a batch."""
    return map(encode, enriched_killmails(day))


async def load_killmails(url: str, day: str) -> list[str]:
    """Store a day in the database of killmails, with systems and types; returns the ids, in order of time."""
    killmails = list(enriched_killmails(day))
    systems = [(place.system_id, place.system_name, place.constellation_id, place.region_id, place.security_status)
               for place in locations().values()]  # fmt: skip
    with psycopg.connect(url, autocommit=True) as admin, admin.cursor() as cursor:
        with cursor.copy(COPY_SYSTEMS) as copy:
            for system in systems:
                copy.write_row(system)
        with cursor.copy(COPY_TYPES) as copy:
            for item in item_types().values():
                copy.write_row((item.type_id, item.type_name or "", item.group_id))
    async with pool(url) as connections:
        repository = KillmailRepository(EventDatabase(connections, "killmail"))
        for slice_ in batched(killmails, 2000):
            refused = await repository.save(EnrichedSlice(slice_, {}, (), datetime.now(UTC), 0))
            if refused:
                raise AssertionError(f"Killmails were not stored: {refused}")
    return [killmail.killmail_id for killmail in sorted(killmails, key=lambda killmail: killmail.killmail_time)]


def batched(killmails: Sequence[EnrichedLine], size: int) -> Iterator[Sequence[EnrichedLine]]:
    return (killmails[start : start + size] for start in range(0, len(killmails), size))


async def load(url: str, days: tuple[str, ...] = DAYS) -> int:
    """Store the days in the database with their battles; returns the number of killmails."""
    count = 0
    async with pool(url) as connections:
        database = Database(connections, ProcessCache())
        for day in days:
            incoming: list[IncomingKillmail] = list(read_lines(b"\n".join(enriched_lines(day))))
            await process(incoming, database, datetime.now(UTC))
            count += len(incoming)
    return count
