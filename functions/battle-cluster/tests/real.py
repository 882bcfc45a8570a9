"""Real killmails and static data as values of the domain. They lie outside the project; tests skip without them."""

import csv
import gzip
import json
from collections.abc import Iterable, Iterator
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from battle_cluster.mails import Attacker, Mail, Party, PartyKind, Victim

PROJECT_ROOT = Path(__file__).resolve().parents[3]
SHARED = PROJECT_ROOT.parent / "shared" / "data"
DAYS = ("2021-11-27", "2021-11-28", "2021-11-29", "2021-11-30")
NPC_CORPORATIONS = range(1_000_000, 2_000_000)
EMPIRES = range(500_001, 500_005)
NPC_CHARACTERS = range(3_000_000, 4_000_000)
HULL_GUESS = 3e6  # the archives of those days know no prices; damage taken stands in for value

shared = [
    pytest.mark.shared,
    pytest.mark.skipif(
        not SHARED.is_dir(), reason="../shared/data is absent: real killmails are not part of the project"
    ),
]


def _rows(name: str) -> list[dict[str, str]]:
    with gzip.open(SHARED / "sde" / f"{name}.csv.gz", "rt", encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


@cache
def types() -> dict[int, tuple[int, int]]:
    """Group and category by type."""
    category = {int(row["group_id"]): int(row["category_id"]) for row in _rows("groups")}
    return {
        int(row["type_id"]): (int(row["group_id"]), category.get(int(row["group_id"]), 0))
        for row in _rows("types")
        if row["group_id"]
    }


@cache
def systems() -> dict[str, int]:
    return {row["name"]: int(row["system_id"]) for row in _rows("systems")}


@cache
def nearby() -> dict[int, frozenset[int]]:
    """Systems within two jumps."""
    gates = {int(row["system_id"]): frozenset(map(int, row["linked_system_ids"].split())) for row in _rows("systems")}
    return {
        own: frozenset[int]().union(first, *(gates.get(one, frozenset()) for one in first)) - {own}
        for own, first in gates.items()
    }


@cache
def day(date: str) -> tuple[Mail, ...]:
    with gzip.open(SHARED / "killmails" / f"everef-{date}.jsonl.gz", "rt", encoding="utf-8") as lines:
        return tuple(mail_of(json.loads(line)) for line in lines)


def days() -> tuple[Mail, ...]:
    return tuple(mail for date in DAYS for mail in day(date))


def mail_of(body: dict[str, Any]) -> Mail:
    victim = body["victim"]
    group, category = types().get(victim["ship_type_id"], (0, 0))
    return Mail(
        killmail_id=body["killmail_id"],
        time=int(datetime.fromisoformat(body["killmail_time"]).timestamp()),
        system_id=body["solar_system_id"],
        value=round(HULL_GUESS + 2000.0 * victim.get("damage_taken", 0), 2),
        victim=Victim(*_who(victim), victim["ship_type_id"], group, category),
        attackers=tuple(
            Attacker(*_who(a), a.get("ship_type_id"), a["damage_done"], a["final_blow"]) for a in body["attackers"]
        ),
        nearby_system_ids=nearby().get(body["solar_system_id"], frozenset()),
    )


def _who(ids: dict[str, Any]) -> tuple[int | None, int | None, int | None, Party | None]:
    return (
        ids["character_id"] if _is_player(ids) else None,
        ids.get("corporation_id"),
        ids.get("alliance_id"),
        _party(ids),
    )


def _is_player(ids: dict[str, Any]) -> bool:
    return "character_id" in ids and ids["character_id"] not in NPC_CHARACTERS


def _party(ids: dict[str, Any]) -> Party | None:
    if "alliance_id" in ids:
        return Party(PartyKind.ALLIANCE, ids["alliance_id"])
    if "corporation_id" in ids and ids["corporation_id"] not in NPC_CORPORATIONS:
        return Party(PartyKind.CORPORATION, ids["corporation_id"])
    if not _is_player(ids):
        return None
    if "faction_id" in ids:
        return Party(PartyKind.FACTION, ids["faction_id"])
    return Party(PartyKind.CHARACTER, ids["character_id"])


def at(text: str) -> int:
    """Event time of "27 20:43", November 2021."""
    return int(datetime.fromisoformat(f"2021-11-{text.replace(' ', 'T')}:00+00:00").timestamp())


@cache
def militias() -> dict[int, int]:
    """By character, the empire it was enlisted with: a truth about sides that needs no labels."""
    found: dict[int, int] = {}
    for date in DAYS:
        with gzip.open(SHARED / "killmails" / f"everef-{date}.jsonl.gz", "rt", encoding="utf-8") as lines:
            for line in lines:
                if '"faction_id"' in line:
                    body = json.loads(line)
                    found.update(_enlisted((body["victim"], *body["attackers"])))
    return found


def _enlisted(people: Iterable[dict[str, Any]]) -> Iterator[tuple[int, int]]:
    return (
        (p["character_id"], p["faction_id"]) for p in people if "character_id" in p and p.get("faction_id") in EMPIRES
    )
