"""How well a name fits a search text, and which of its characters do: the one ranking of both engines."""

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Final, NamedTuple

from battlescope_schemas.search.folding import compact
from search_api.domain.edit_distance import prefix_distance, tolerated_edits
from search_api.domain.search_text import SearchText


class MatchKind(StrEnum):
    """Best first."""

    EXACT = "exact"
    PREFIX = "prefix"
    WORD_PREFIX = "word_prefix"
    TYPO = "typo"


class MatchedField(StrEnum):
    NAME = "name"
    TICKER = "ticker"


_ORDER: Final = {kind: place for place, kind in enumerate(MatchKind)}


class Span(NamedTuple):
    """Characters of a text from `start` up to `end`, which is not included."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Match:
    """edits: 0 except of typos. is_whole: a typo of the whole name, not of the beginning of a longer one."""

    kind: MatchKind
    field: MatchedField
    spans: tuple[Span, ...]
    edits: int = 0
    is_whole: bool = True

    @property
    def rank(self) -> tuple[int, int, int]:
        """Smaller is better."""
        return _ORDER[self.kind], self.edits, not self.is_whole


class _Letters:
    """The letters of a text that are compared, each with its place in the text, and where words begin.

    different: each letter once.
    """

    def __init__(self, text: str) -> None:
        self._places: list[int] = []
        self.word_starts: list[int] = []
        letters: list[str] = []
        in_word = False
        for place, character, letter in _letters_of_words(text):
            if not letter:
                in_word = in_word and character in _INSIDE_WORDS
                continue
            if not in_word:
                self.word_starts.append(len(letters))
            in_word = True
            letters += letter
            self._places += [place] * len(letter)
        self.text = "".join(letters)
        self.different = frozenset(self.text)

    def span(self, start: int, length: int) -> Span:
        """Where these letters stand in the text."""
        places = self._places[start : start + length]
        return Span(places[0], places[-1] + 1)


@lru_cache(maxsize=4096)  # regions are compared with every text, and the names of the largest parties with most
def _letters(name: str) -> _Letters:
    return _Letters(name)


def _letters_of_words(text: str) -> Iterable[tuple[int, str, str]]:
    """Each character with its place and what it is compared as, which is empty for what separates words.

    A text without a letter or digit has all its characters.
    """
    if text.isascii():
        lower = text.lower()
        if any(character.isalnum() for character in lower):
            return [(place, c, c if c.isalnum() else "") for place, c in enumerate(lower)]
    normal = [(place, character, compact(character)) for place, character in enumerate(text)]
    if not any(_is_of_word(letter) for _, _, letter in normal):
        return normal
    return [
        (place, character, letter if _is_of_word(letter) and not _is_accent_of_latin(text, place) else "")
        for place, character, letter in normal
    ]


_INSIDE_WORDS: Final = frozenset(
    "'\"`\u2018\u2019\u201b\u02bc\u2032\u200b\u200c\u200d\ufeff\u0300\u0301\u0302\u0303\u0308"
)


def _is_of_word(letter: str) -> bool:
    return letter[:1].isalnum() or _is_accent(letter)


def _is_accent(letter: str) -> bool:
    return unicodedata.category(letter[0])[0] == "M" if letter else False


def _is_accent_of_latin(text: str, place: int) -> bool:
    """Whether this is a mark of its own after a Latin letter, which is compared without it."""
    return place > 0 and _is_accent(text[place]) and text[place - 1].isascii()


def match(text: SearchText, name: str, ticker: str | None) -> Match | None:
    """The best match of the text with the name or the ticker; None if neither fits. A link fits what it found."""
    if text.entity is not None:
        return Match(MatchKind.EXACT, MatchedField.NAME, ())
    if not text.compact:
        return None
    found = _ticker_match(text.compact, ticker) if ticker else None
    if not text.is_ticker:
        of_name = _name_match(text, _letters(name))
        if found is None or (of_name is not None and of_name.rank <= found.rank):
            return of_name
    return found


def _ticker_match(wanted: str, ticker: str) -> Match | None:
    letters = _Letters(ticker)
    if not letters.text.startswith(wanted):
        return None
    kind = MatchKind.EXACT if letters.text == wanted else MatchKind.PREFIX
    return Match(kind, MatchedField.TICKER, (letters.span(0, len(wanted)),))


def _name_match(text: SearchText, letters: _Letters) -> Match | None:
    wanted = text.compact
    if letters.text.startswith(wanted):
        kind = MatchKind.EXACT if letters.text == wanted else MatchKind.PREFIX
        return Match(kind, MatchedField.NAME, (letters.span(0, len(wanted)),))
    for start in letters.word_starts:
        if letters.text.startswith(wanted, start):
            return Match(MatchKind.WORD_PREFIX, MatchedField.NAME, (letters.span(start, len(wanted)),))
    spans = _word_spans(text.words, letters)
    if spans:
        return Match(MatchKind.WORD_PREFIX, MatchedField.NAME, spans)
    return _typo_match(wanted, letters)


def _word_spans(words: Sequence[str], letters: _Letters) -> tuple[Span, ...]:
    """The beginnings of words of the name that are the words of the text, in any order; empty unless all are."""
    free = list(letters.word_starts)
    spans: list[Span] = []
    for word in sorted(words, key=len, reverse=True) if len(words) > 1 else ():
        start = next((start for start in free if letters.text.startswith(word, start)), None)
        if start is None:
            return ()
        free.remove(start)
        spans.append(letters.span(start, len(word)))
    return tuple(sorted(spans))


def _typo_match(wanted: str, letters: _Letters) -> Match | None:
    most = tolerated_edits(wanted)
    if not most or len(set(wanted) - letters.different) > most:  # each edit brings in one missing letter at most
        return None
    best: Match | None = None
    for start in letters.word_starts:
        found = prefix_distance(wanted, letters.text[start:], most)
        if found is None or not found.length:
            continue
        is_whole = found.is_whole and start == 0
        spans = (letters.span(start, found.length),)
        candidate = Match(MatchKind.TYPO, MatchedField.NAME, spans, found.edits, is_whole)
        if best is None or candidate.rank < best.rank:
            best = candidate
    return best
