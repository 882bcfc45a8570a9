"""Real names of four real days: what is indexed and what queries are drawn from. They are no part of the project."""

import csv
import gzip
import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final

import pytest

from battlescope_local.devtools.project import ROOT
from battlescope_schemas.search.folding import compact, folded
from search_api.domain.named import NamedKind

SHARED: Final = ROOT.parent / "shared" / "data"
DAYS: Final = ("2021-11-27", "2021-11-28", "2021-11-29", "2021-11-30")
SHIP_CATEGORY: Final = "6"
_FILES: Final = {
    NamedKind.ALLIANCE: ("alliances", "alliance_id"),
    NamedKind.CORPORATION: ("corporations", "corporation_id"),
    NamedKind.CHARACTER: ("characters", "character_id"),
}
# The real names are all in Latin letters. Those of some pilots are written in Cyrillic ones instead.
_CYRILLIC: Final = str.maketrans("abcdefghijklmnopqrstuvwxyz", "абцдефгхийклмнопярстувшжыз")
CYRILLIC_PILOTS: Final = 300
needs_real_days = [
    pytest.mark.shared,
    pytest.mark.postgres,
    pytest.mark.skipif(not SHARED.is_dir(), reason="../shared/data is absent: real names are not part of the project"),
]


@dataclass(frozen=True, slots=True)
class RealName:
    """activity: killmails of the four days with it."""

    kind: NamedKind
    id: int
    name: str
    ticker: str
    activity: int
    folded: str
    compact: str
    compact_ticker: str


@cache
def real_names() -> tuple[RealName, ...]:
    """Every name of the data, of systems and ships too; the activity is that of the four days."""
    activity = _activity()
    rows = [*_entities(), *_systems(), *_ships()]
    names = [_real_name(kind, entity_id, name, ticker, activity) for kind, entity_id, name, ticker in rows if name]
    pilots = [name for name in names if name.kind is NamedKind.CHARACTER and name.activity]
    written = {name.id for name in sorted(pilots, key=lambda name: name.id)[:CYRILLIC_PILOTS]}
    return tuple(
        _in_cyrillic(name, activity) if name.kind is NamedKind.CHARACTER and name.id in written else name
        for name in names
    )


def _real_name(
    kind: NamedKind, entity_id: int, name: str, ticker: str, activity: Mapping[tuple[NamedKind, int], int]
) -> RealName:
    count = activity.get((kind, entity_id), 0)
    return RealName(
        kind, entity_id, name, ticker, count, folded(name), compact(name), compact(ticker) if ticker else ""
    )


def _in_cyrillic(name: RealName, activity: Mapping[tuple[NamedKind, int], int]) -> RealName:
    return _real_name(name.kind, name.id, name.name.lower().translate(_CYRILLIC).title(), "", activity)


def _rows(path: str) -> Iterable[dict[str, str]]:
    with gzip.open(SHARED / f"{path}.csv.gz", "rt", encoding="utf-8", newline="") as lines:
        yield from csv.DictReader(lines)


def _entities() -> Iterable[tuple[NamedKind, int, str, str]]:
    for kind, (path, column) in _FILES.items():
        for row in _rows(f"names/{path}"):
            yield kind, int(row[column]), row["name"], row.get("ticker") or ""


def _systems() -> Iterable[tuple[NamedKind, int, str, str]]:
    return ((NamedKind.SYSTEM, int(row["system_id"]), row["name"], "") for row in _rows("sde/systems"))


def _ships() -> Iterable[tuple[NamedKind, int, str, str]]:
    groups = {row["group_id"] for row in _rows("sde/groups") if row["category_id"] == SHIP_CATEGORY}
    types = {int(row["type_id"]): row["name"] for row in _rows("sde/types") if row["group_id"] in groups}
    return ((NamedKind.SHIP_TYPE, type_id, name, "") for type_id, name in types.items())


def _activity() -> Counter[tuple[NamedKind, int]]:
    counts: Counter[tuple[NamedKind, int]] = Counter()
    for day in DAYS:
        with gzip.open(SHARED / "killmails" / f"everef-{day}.jsonl.gz") as lines:
            for line in lines:
                counts.update(_named_on(json.loads(line)))
    return counts


def _named_on(killmail: dict[str, object]) -> set[tuple[NamedKind, int]]:
    people: list[dict[str, int]] = [killmail["victim"], *killmail["attackers"]]
    named = {(NamedKind.SYSTEM, int(str(killmail["solar_system_id"])))}
    for kind, field in (
        (NamedKind.ALLIANCE, "alliance_id"),
        (NamedKind.CORPORATION, "corporation_id"),
        (NamedKind.CHARACTER, "character_id"),
        (NamedKind.SHIP_TYPE, "ship_type_id"),
    ):
        named |= {(kind, person[field]) for person in people if field in person}
    return named
