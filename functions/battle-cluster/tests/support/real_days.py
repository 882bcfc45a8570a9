"""Real killmails and static data as values of the domain. They lie outside the project; tests skip without them."""

import csv
import gzip
import json
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from battle_cluster.domain.killmail import Killmail
from battlescope_local.replay.esi_killmail import StaticData, estimated_value, parse_killmail
from battlescope_local.replay.esi_killmail import build_killmail as mail_of_plain

PROJECT_ROOT = Path(__file__).resolve().parents[4]
SHARED = PROJECT_ROOT.parent / "shared" / "data"
DAYS = ("2021-11-27", "2021-11-28", "2021-11-29", "2021-11-30")
EMPIRES = range(500_001, 500_005)

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
def day(date: str) -> tuple[Killmail, ...]:
    with gzip.open(SHARED / "killmails" / f"everef-{date}.jsonl.gz", "rt", encoding="utf-8") as lines:
        return tuple(mail_of(json.loads(line)) for line in lines)


def days() -> tuple[Killmail, ...]:
    return tuple(mail for date in DAYS for mail in day(date))


def mail_of(body: dict[str, Any], value: Callable[[int], float] = estimated_value) -> Killmail:
    """The archives of those days know no prices; `value` makes one of the damage taken."""
    found = parse_killmail(body)
    return mail_of_plain(found, StaticData(types(), nearby()), value(found.damage_taken))


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
