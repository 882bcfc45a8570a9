"""300 queries drawn from real names, and what a search through all names by their definition answers."""

import string
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
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


class Reference:
    """What a search through all names by the definition finds.

    Most names are excluded by what they lack before they are compared: an edit brings in one letter at most, and
    three pairs of neighbours. Words that follow each other in another order have other pairs between them.
    """

    def __init__(self, names: Sequence[RealName]) -> None:
        self._of_kind: dict[NamedKind, list[_Prepared]] = {}
        self._bits: dict[str, int] = {}
        for name in names:
            self._of_kind.setdefault(name.kind, []).append(self._prepared(name))

    def best(self, query: Query, words: Sequence[str], text: str, limit: int) -> list[int]:
        """The ids of the best names of the kind of the query.

        words, text: the query in normal form, with and without spaces.
        """
        typed = _Typed(text, tuple(words), query.sort == "ticker", self._mask(text), self._mask(_pairs(text)))
        candidates = self._candidates(typed, self._of_kind[query.target.kind])
        keys = sorted(key for name in candidates if (key := _key(typed, name)) is not None)
        return [key[-1] for key in keys[:limit]]

    def _candidates(self, typed: "_Typed", names: Sequence["_Prepared"]) -> list["_Prepared"]:
        """Those that may be found, by one condition without a call for each of all names."""
        letters, pairs, most, text = typed.letters, typed.pairs, typed.most, typed.text
        most_pairs = pairs.bit_count() if len(typed.words) > 1 else 3 * most
        return [
            name
            for name in names
            if ((letters & name.no_letters).bit_count() <= most and (pairs & name.no_pairs).bit_count() <= most_pairs)
            or name.ticker.startswith(text)
        ]

    def _prepared(self, name: RealName) -> "_Prepared":
        own = tuple(name.folded.split())
        ends = tuple("".join(own[place:]) for place in range(len(own)))
        letters, pairs = self._mask(name.compact), self._mask(_pairs(name.compact))
        return _Prepared(name, own, ends, name.compact_ticker, ~letters, ~pairs)

    def _mask(self, parts: Iterable[str]) -> int:
        mask = 0
        for part in parts:
            mask |= self._bits.setdefault(part, 1 << len(self._bits))
        return mask


@dataclass(frozen=True, slots=True)
class _Prepared:
    """own: its words. ends: what is left of it from each word on. no_letters, no_pairs: a bit for each it lacks."""

    name: RealName
    own: tuple[str, ...]
    ends: tuple[str, ...]
    ticker: str
    no_letters: int
    no_pairs: int


@dataclass(frozen=True, slots=True)
class _Typed:
    text: str
    words: tuple[str, ...]
    is_ticker: bool
    letters: int
    pairs: int

    @property
    def most(self) -> int:
        return (len(self.text) >= 4) + (len(self.text) >= 8)


def _pairs(text: str) -> Iterable[str]:
    return map("".join, pairwise(text))


def _key(typed: _Typed, prepared: _Prepared) -> Key | None:
    name = prepared.name
    found = (_of_ticker(typed.text, name), None if typed.is_ticker else _of_name(typed, prepared))
    best = min(filter(None, found), default=None)
    return None if best is None else (*best, -name.activity, name.name, name.id)


def _of_ticker(text: str, name: RealName) -> tuple[int, int, bool] | None:
    if name.compact_ticker == text:
        return 0, 0, False
    return (1, 0, False) if name.compact_ticker.startswith(text) else None


def _of_name(typed: _Typed, prepared: _Prepared) -> tuple[int, int, bool] | None:
    text, compact = typed.text, prepared.name.compact
    if compact == text:
        return 0, 0, False
    if compact.startswith(text):
        return 1, 0, False
    begins_a_word = text in compact and any(end.startswith(text) for end in prepared.ends)
    if begins_a_word or (len(typed.words) > 1 and _has_words(typed.words, prepared.own)):
        return 2, 0, False
    most = typed.most
    if not most or (typed.pairs & prepared.no_pairs).bit_count() > 3 * most:
        return None
    ends = enumerate(prepared.ends)
    typos = [(3, *found) for place, end in ends if (found := _typo(text, end, most, is_first=place == 0))]
    return min(typos, default=None)


def _has_words(words: Sequence[str], own: Sequence[str]) -> bool:
    free = list(own)
    for word in sorted(words, key=len, reverse=True):
        found = next((other for other in free if other.startswith(word)), None)
        if found is None:
            return False
        free.remove(found)
    return True


def _typo(text: str, name: str, most: int, *, is_first: bool) -> tuple[int, bool] | None:
    reach = name[: len(text) + most]
    edits = _every_distance(text, reach, most)
    least = min(edits)
    is_whole = is_first and len(reach) == len(name) and edits[-1] == least
    return None if least > most or least == len(text) else (least, not is_whole)


def _every_distance(text: str, name: str, most: int) -> list[int]:
    """The edits from the text to each beginning of the name, or more than `most`.

    The table of the textbook, with swaps of neighbours; cells further than `most` from its diagonal cannot be less.
    """
    far = most + 1
    older, before = [far] * (len(name) + 1), [min(j, far) for j in range(len(name) + 1)]
    for i, letter in enumerate(text, 1):
        row = [far] * (len(name) + 1)
        row[0] = min(i, far)
        for j in range(max(1, i - most), min(len(name), i + most) + 1):
            value = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (letter != name[j - 1]))
            if i > 1 and j > 1 and letter == name[j - 2] and text[i - 2] == name[j - 1]:
                value = min(value, older[j - 2] + 1)
            row[j] = value
        if min(row) > most and min(before) > most:  # a swap reaches back two rows
            return row
        older, before = before, row
    return before
