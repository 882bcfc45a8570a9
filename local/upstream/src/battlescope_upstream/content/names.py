"""Every name ESI can tell: of types and places, of NPCs, from files, and invented for the rest of the players."""

import csv
import gzip
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from battlescope_upstream.catalogue import catalogue
from battlescope_upstream.killmail import Mail
from battlescope_upstream.simulation.name_generator import alliance_name, corporation_name, pilot_name
from battlescope_upstream.simulation.rng import seeded

Named = tuple[str, str]
_INVENT: Final = {"alliance": alliance_name, "corporation": corporation_name, "character": pilot_name}
# Id ranges that tell the kind alone; the mixed range of before 2010 is told by how the mails use an id.
_RANGES: Final = (
    (500_000, 599_999, "faction"),
    (1_000_000, 1_999_999, "corporation"),
    (3_000_000, 3_999_999, "character"),
    (90_000_000, 97_999_999, "character"),
    (98_000_000, 98_999_999, "corporation"),
    (99_000_000, 99_999_999, "alliance"),
    (2_100_000_000, 2_129_999_999, "character"),
)
_MIXED: Final = range(100_000_000, 2_100_000_000)  # of whom no mail tells more is a pilot: most of them were
_COLUMNS: Final = {"alliance_id": "alliance", "corporation_id": "corporation", "character_id": "character"}


@dataclass(slots=True)
class NameBook:
    """`known` are names that stand fast; `used_as` is the category in which mails use an id."""

    known: dict[int, Named]
    used_as: dict[int, str] = field(default_factory=dict[int, str])

    def lookup(self, entity_id: int) -> Named | None:
        """Category and name, or None for an id that cannot be resolved."""
        if (named := self.known.get(entity_id)) is not None:
            return named
        category = self.used_as.get(entity_id) or _by_range(entity_id)
        if category is None and entity_id in _MIXED:
            category = "character"
        if category == "faction":
            return category, f"{corporation_name(entity_id)} State"
        return (category, _INVENT[category](entity_id)) if category else None

    def learn(self, mail: Mail) -> None:
        """Take in how a mail uses ids of the mixed range, where the number alone says nothing."""
        body = mail.body()
        for who in (body["victim"], *body["attackers"]):
            for column, category in _COLUMNS.items():
                if column in who and _by_range(who[column]) is None:
                    self.used_as[who[column]] = category


def make_name_book(names: Mapping[int, Named], files: Iterable[Path], mails: Iterable[Mail]) -> NameBook:
    npcs = {key: (_by_range(key) or "faction", name) for key, name in catalogue().npc_names.items()}
    book = NameBook({**names, **npcs, **{key: named for path in files for key, named in _read(path)}})
    for mail in mails:
        book.learn(mail)
    return book


def is_bad(entity_id: int, seed: int, share: float) -> bool:
    return share > 0 and seeded(seed, "bad", entity_id).random() < share


def _by_range(entity_id: int) -> str | None:
    return next((category for low, high, category in _RANGES if low <= entity_id <= high), None)


def _read(path: Path) -> Iterable[tuple[int, Named]]:
    """A table with an `alliance_id`, `corporation_id` or `character_id`, and a name."""
    opened: Any = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rt", encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            column = next(column for column in _COLUMNS if column in row)
            if row["name"]:
                yield int(row[column]), (_COLUMNS[column], row["name"])
