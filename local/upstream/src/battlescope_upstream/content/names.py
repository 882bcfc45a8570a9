"""Names for every id that ESI resolves: types, locations and NPCs, from files, generated for all other players."""

import csv
import gzip
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from battlescope_upstream.catalogue import catalogue
from battlescope_upstream.killmail import Killmail
from battlescope_upstream.simulation.name_generator import (
    alliance_name,
    corporation_name,
    generated_ticker,
    pilot_name,
)
from battlescope_upstream.simulation.rng import rng_for

CategoryAndName = tuple[str, str]
_NAME_GENERATORS: Final = {"alliance": alliance_name, "corporation": corporation_name, "character": pilot_name}
# Id ranges with one category each. In the mixed range from before 2010 the column of a killmail with the id decides.
_CATEGORY_RANGES: Final = (
    (500_000, 599_999, "faction"),
    (1_000_000, 1_999_999, "corporation"),
    (3_000_000, 3_999_999, "character"),
    (90_000_000, 97_999_999, "character"),
    (98_000_000, 98_999_999, "corporation"),
    (99_000_000, 99_999_999, "alliance"),
    (2_100_000_000, 2_129_999_999, "character"),
)
_MIXED_RANGE: Final = range(100_000_000, 2_100_000_000)  # an id that no killmail uses is a character, as nearly all
_COLUMNS: Final = {"alliance_id": "alliance", "corporation_id": "corporation", "character_id": "character"}


@dataclass(slots=True)
class NameDirectory:
    """`fixed_names` and `fixed_tickers` come from static data and files.

    `category_by_id` is the category in which killmails use an id.
    """

    fixed_names: dict[int, CategoryAndName]
    category_by_id: dict[int, str] = field(default_factory=dict[int, str])
    fixed_tickers: dict[int, str] = field(default_factory=dict[int, str])

    def lookup(self, entity_id: int) -> CategoryAndName | None:
        """Category and name, or None for an id that cannot be resolved."""
        if (entry := self.fixed_names.get(entity_id)) is not None:
            return entry
        category = self.category_by_id.get(entity_id) or _category_by_range(entity_id)
        if category is None and entity_id in _MIXED_RANGE:
            category = "character"
        if category == "faction":
            return category, f"{corporation_name(entity_id)} State"
        return (category, _NAME_GENERATORS[category](entity_id)) if category else None

    def ticker(self, entity_id: int, name: str) -> str:
        """The ticker of a corporation or alliance: that of a file, or the initials of its name and a digit."""
        return self.fixed_tickers.get(entity_id) or generated_ticker(entity_id, name)

    def add_usage(self, killmail: Killmail) -> None:
        """Record the category in which this killmail uses ids of the mixed range."""
        body = killmail.body()
        for participant in (body["victim"], *body["attackers"]):
            for column, category in _COLUMNS.items():
                if column in participant and _category_by_range(participant[column]) is None:
                    self.category_by_id[participant[column]] = category


def build_name_directory(
    names: Mapping[int, CategoryAndName], files: Iterable[Path], killmails: Iterable[Killmail]
) -> NameDirectory:
    npcs = {key: (_category_by_range(key) or "faction", name) for key, name in catalogue().npc_names.items()}
    rows = [row for path in files for row in _read_names(path)]
    directory = NameDirectory(
        {**names, **npcs, **{entity_id: entry for entity_id, entry, _ in rows}},
        fixed_tickers={entity_id: ticker for entity_id, _, ticker in rows if ticker},
    )
    for killmail in killmails:
        directory.add_usage(killmail)
    return directory


def is_unresolvable(entity_id: int, seed: int, share: float) -> bool:
    """Whether the seed makes ESI unable to resolve this id, for the setting `esi_bad_ids`."""
    return share > 0 and rng_for(seed, "bad", entity_id).random() < share


def _category_by_range(entity_id: int) -> str | None:
    return next((category for low, high, category in _CATEGORY_RANGES if low <= entity_id <= high), None)


def _read_names(path: Path) -> Iterable[tuple[int, CategoryAndName, str]]:
    """A table with an `alliance_id`, `corporation_id` or `character_id`, a name, and perhaps a ticker."""
    open_text: Any = gzip.open if path.suffix == ".gz" else open
    with open_text(path, "rt", encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            column = next(column for column in _COLUMNS if column in row)
            if row["name"]:
                yield int(row[column]), (_COLUMNS[column], row["name"]), row.get("ticker") or ""
