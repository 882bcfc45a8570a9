"""Real killmails of four days and static data. They are not part of the project; tests without them are skipped."""

import csv
import gzip
import json
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from builders import RULES

from battle_cluster.detection.clustering import Component, cluster
from battle_cluster.domain.killmail import Killmail
from battlescope_local.replay.esi_killmail import StaticData, build_killmail, estimated_value, parse_killmail

PROJECT_ROOT = Path(__file__).resolve().parents[4]
SHARED = PROJECT_ROOT.parent / "shared" / "data"
DAYS = ("2021-11-27", "2021-11-28", "2021-11-29", "2021-11-30")
EMPIRES = range(500_001, 500_005)

needs_real_days = [
    pytest.mark.shared,
    pytest.mark.group("real-days"),  # one process reads and clusters them: that takes most of the time
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
        system: frozenset[int]().union(adjacent, *(gates.get(other, frozenset()) for other in adjacent)) - {system}
        for system, adjacent in gates.items()
    }


@cache
def killmails_of_day(date: str) -> tuple[Killmail, ...]:
    with gzip.open(SHARED / "killmails" / f"everef-{date}.jsonl.gz") as lines:
        return tuple(map(killmail_from_esi, lines))


@cache
def killmails_of_all_days() -> tuple[Killmail, ...]:
    return tuple(killmail for date in DAYS for killmail in killmails_of_day(date))


@cache
def components_of_all_days() -> tuple[Component, ...]:
    return cluster(killmails_of_all_days(), RULES)


def killmail_from_esi(text: bytes, value: Callable[[int], float] = estimated_value) -> Killmail:
    """The archives of those days have no prices; `value` computes one from the damage taken."""
    parsed = parse_killmail(text, datetime.now(UTC))
    return build_killmail(parsed, StaticData(types(), nearby()), value(parsed.damage_taken))


def event_time(text: str) -> int:
    """Unix time of a text such as "27 20:43", in November 2021."""
    return int(datetime.fromisoformat(f"2021-11-{text.replace(' ', 'T')}:00+00:00").timestamp())


@cache
def militias() -> dict[int, int]:
    """The empire of each militia pilot, by character: a ground truth of sides without labels."""
    empires: dict[int, int] = {}
    for date in DAYS:
        with gzip.open(SHARED / "killmails" / f"everef-{date}.jsonl.gz", "rt", encoding="utf-8") as lines:
            for line in lines:
                if '"faction_id"' in line:
                    body = json.loads(line)
                    empires.update(_enlisted((body["victim"], *body["attackers"])))
    return empires


def _enlisted(participants: Iterable[dict[str, Any]]) -> Iterator[tuple[int, int]]:
    return (
        (p["character_id"], p["faction_id"])
        for p in participants
        if "character_id" in p and p.get("faction_id") in EMPIRES
    )
