"""300 queries drawn from real names, and what a search through all names by their definition answers."""

import string
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import product
from random import Random
from typing import Final

from real_names import RealName

from search_api.domain.named import NamedKind

SEED: Final = 20211127
COUNTS: Final = {"one edit": 90, "two edits": 60, "prefix": 70, "ticker": 40, "other script": 40}
_LATIN, _CYRILLIC = string.ascii_lowercase, "абвгдежзийклмнопрстуфхцчшщыэюя"
Key = tuple[int, int, bool, int, str, int]


@dataclass(frozen=True, slots=True)
class Query:
    """target: the name that it was drawn from. q: what is typed."""

    sort: str
    target: RealName
    q: str


def draw(names: Sequence[RealName]) -> list[Query]:
    """The queries; of names that took part in the four days."""
    chance = Random(SEED)
    active = [name for name in names if name.activity]
    by_kind = [[name for name in active if name.kind is kind] for kind in NamedKind]
    latin = [[name for name in of_kind if name.compact.isascii()] for of_kind in by_kind]
    tickers = [name for name in active if name.compact_ticker]
    cyrillic = [name for name in active if not name.compact.isascii()]
    draws: dict[str, Callable[[], tuple[RealName, str]]] = {
        "one edit": lambda: _edited(chance, _of_length(chance, latin, 4), 1),
        "two edits": lambda: _edited(chance, _of_length(chance, latin, 8), 2),
        "prefix": lambda: _prefix(chance, _of_length(chance, latin, 4)),
        "ticker": lambda: _ticker(chance.choice(tickers)),
        "other script": lambda: _in_script(chance, _of_length(chance, [cyrillic], 8)),
    }
    return [Query(sort, *draws[sort]()) for sort, count in COUNTS.items() for _ in range(count)]


def _of_length(chance: Random, kinds: Sequence[Sequence[RealName]], least: int) -> RealName:
    return chance.choice([name for name in chance.choice(kinds) if len(name.compact) >= least])


def _edited(chance: Random, name: RealName, edits: int) -> tuple[RealName, str]:
    typed = name.name.lower()
    for _ in range(edits):
        typed = _edit(chance, typed)
    return name, typed


def _edit(chance: Random, text: str) -> str:
    """One letter less, another one, one more, or two neighbours swapped, at any place."""
    places = [place for place, letter in enumerate(text) if letter.isalnum()]
    place = chance.choice(places)
    letter = chance.choice(_LATIN if text[place].isascii() else _CYRILLIC)
    kind = chance.choice(("less", "other", "more", "swap"))
    if kind == "swap" and place + 1 < len(text) and text[place + 1].isalnum():
        return text[:place] + text[place + 1] + text[place] + text[place + 2 :]
    if kind == "less":
        return text[:place] + text[place + 1 :]
    return text[:place] + letter + text[place if kind == "more" else place + 1 :]


def _prefix(chance: Random, name: RealName) -> tuple[RealName, str]:
    return name, name.name[: chance.randint(3, max(3, len(name.name) - 1))].rstrip().lower()


def _ticker(name: RealName) -> tuple[RealName, str]:
    return name, f"[{name.ticker}]"


def _in_script(chance: Random, name: RealName) -> tuple[RealName, str]:
    return _edited(chance, name, 1) if chance.random() < 0.5 else _prefix(chance, name)


def reference(query: Query, words: Sequence[str], text: str, names: Sequence[RealName], limit: int) -> list[int]:
    """The ids of the best names of the kind of the query, by the definition, through all of them.

    words, text: the query in normal form, with and without spaces.
    """
    ticker_only = query.sort == "ticker"
    of_kind = [name for name in names if name.kind is query.target.kind]
    keys = sorted(key for name in of_kind if (key := _key(words, text, name, ticker_only=ticker_only)) is not None)
    return [key[-1] for key in keys[:limit]]


def _key(words: Sequence[str], text: str, name: RealName, *, ticker_only: bool) -> Key | None:
    best = min(
        filter(None, (_of_ticker(text, name), None if ticker_only else _of_name(words, text, name))), default=None
    )
    return None if best is None else (*best, -name.activity, name.name, name.id)


def _of_ticker(text: str, name: RealName) -> tuple[int, int, bool] | None:
    if name.compact_ticker == text:
        return 0, 0, False
    return (1, 0, False) if name.compact_ticker.startswith(text) else None


def _of_name(words: Sequence[str], text: str, name: RealName) -> tuple[int, int, bool] | None:
    if name.compact == text:
        return 0, 0, False
    if name.compact.startswith(text):
        return 1, 0, False
    own = name.folded.split()
    ends = ["".join(own[place:]) for place in range(len(own))]
    if any(end.startswith(text) for end in ends) or _has_words(words, own):
        return 2, 0, False
    most = (len(text) >= 4) + (len(text) >= 8)
    if not most or len(set(text) - set(name.compact)) > most:  # each edit brings in one missing letter at most
        return None
    typos = [(3, *found) for place, end in enumerate(ends) if (found := _typo(text, end, most, is_first=place == 0))]
    return min(typos, default=None)


def _has_words(words: Sequence[str], own: Sequence[str]) -> bool:
    free = list(own)
    for word in sorted(words, key=len, reverse=True):
        found = next((other for other in free if other.startswith(word)), None)
        if found is None:
            return False
        free.remove(found)
    return len(words) > 1


def _typo(text: str, name: str, most: int, *, is_first: bool) -> tuple[int, bool] | None:
    reach = name[: len(text) + most]
    if len(set(text) - set(reach)) > most:
        return None
    edits = _every_distance(text, reach)
    least = min(edits)
    is_whole = is_first and len(reach) == len(name) and edits[-1] == least
    return None if least > most or least == len(text) else (least, not is_whole)


def _every_distance(text: str, name: str) -> list[int]:
    """The edits from the text to each beginning of the name: the table of the textbook, with swaps of neighbours."""
    table = [list(range(len(name) + 1)), *([i] + [0] * len(name) for i in range(1, len(text) + 1))]
    for i, j in product(range(1, len(text) + 1), range(1, len(name) + 1)):
        value = min(table[i - 1][j] + 1, table[i][j - 1] + 1, table[i - 1][j - 1] + (text[i - 1] != name[j - 1]))
        if i > 1 and j > 1 and text[i - 1] == name[j - 2] and text[i - 2] == name[j - 1]:
            value = min(value, table[i - 2][j - 2] + 1)
        table[i][j] = value
    return table[-1]
