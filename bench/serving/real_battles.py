"""Real days in a database of battles: enriched by killmail-enrich's own code, clustered by that of battle-cluster."""

import csv
import gzip
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Final

from inserts import pool

from battle_cluster.handlers.killmails import process
from battle_cluster.messaging.enriched_killmail import IncomingKillmail, read_lines
from battle_cluster.persistence.process_cache import ProcessCache
from battle_cluster.persistence.unit_of_work import Database
from battlescope_local.replay.esi_killmail import estimated_value
from battlescope_schemas.killmail import InvalidKillmail, read_killmail
from battlescope_schemas.reference import KillmailReference, Source
from killmail_enrich.enrichment.enrichment import encode, enrich
from killmail_enrich.enrichment.locations import ItemType, Location

ROOT: Final = Path(__file__).resolve().parents[2]
SHARED: Final = ROOT.parent / "shared" / "data"
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

    return {system: _location(system, row, nearby(system)) for system, row in rows.items()}


def _location(system: int, row: Mapping[str, str], nearby: tuple[int, ...]) -> Location:
    return Location(
        system_id=system,
        system_name=row["name"],
        constellation_id=int(row["constellation_id"]),
        region_id=int(row["region_id"]),
        region_name=row["region"],
        security_status=float(row["security"]),
        nearby_system_ids=nearby,
    )


def enriched_lines(day: str) -> Iterator[bytes]:
    """The events of a day as killmail-enrich writes them; values are estimated from damage, as in the tests."""
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
                yield encode(enrich(reference, killmail, location, item_types(), names()))


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
