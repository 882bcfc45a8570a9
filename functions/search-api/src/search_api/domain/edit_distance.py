"""How many edits a text is from a name, or from the beginning of a longer one: the typo tolerance of both engines."""

from typing import Final, NamedTuple

TYPO_LENGTHS: Final = (4, 8)
"""From four letters on one edit is tolerated, from eight two: in shorter texts an edit makes another name."""

# Letters that a text may lack or have another one of. Of scripts with thousands of signs none is tried.
_LATIN: Final = "abcdefghijklmnopqrstuvwxyz0123456789"
_CYRILLIC: Final = "абвгдежзийклмнопрстуфхцчшщъыьэюя"


class Distance(NamedTuple):
    """edits: insertions, deletions, substitutions, and swaps of neighbours. length: of the matched beginning."""

    edits: int
    length: int
    is_whole: bool


def tolerated_edits(text: str) -> int:
    return sum(len(text) >= length for length in TYPO_LENGTHS)


def prefix_distance(text: str, name: str, most: int) -> Distance | None:
    """The least edits from the text to the name or a beginning of it; None above `most`.

    Of several with the same edits the whole name counts, else the beginning whose length is nearest to the text's.
    """
    equal = _equal_letters(text, name)
    rest = text[equal:]
    reach = equal + len(rest) + most
    row = _last_row(rest, name[equal:reach], most)
    edits = min(row)
    if edits > most:
        return None
    lengths = [equal + length for length, value in enumerate(row) if value == edits]
    if lengths[-1] == len(name):
        return Distance(edits, len(name), is_whole=True)
    return Distance(edits, min(lengths, key=lambda length: (abs(length - len(text)), length)), is_whole=False)


def _equal_letters(text: str, name: str) -> int:
    """The number of letters with which both begin."""
    for place, (one, other) in enumerate(zip(text, name, strict=False)):
        if one != other:
            return place
    return min(len(text), len(name))


def _last_row(text: str, name: str, most: int) -> list[int]:
    """The edits from the text to each beginning of the name. Only a band of the table can be within `most`."""
    far = most + 1
    before: list[int] = []
    row = [min(length, far) for length in range(len(name) + 1)]
    for i, letter in enumerate(text, 1):
        older, before = before, row
        row = [far] * (len(name) + 1)
        row[0] = min(i, far)
        least = row[0]
        for j in range(max(1, i - most), min(len(name), i + most) + 1):
            other = name[j - 1]
            value = before[j - 1] + (letter != other)
            value = min(value, before[j] + 1, row[j - 1] + 1)
            if i > 1 and j > 1 and letter == name[j - 2] and text[i - 2] == other:
                value = min(value, older[j - 2] + 1)
            row[j] = value
            least = min(least, value)
        if least > most:
            return row
    return row


def near_beginnings(text: str, length: int) -> set[str]:
    """The beginnings of names that are at most one edit from the first `length` letters of the text.

    Each has `length` letters, or fewer where the text ends before. New letters are those of the script of the text.
    """
    stem = text[:length]
    longer = text[: length + 1]
    alphabet = _alphabet(stem)
    other = {stem[:i] + letter + stem[i + 1 :] for i in range(len(stem)) for letter in alphabet}
    missing = {(stem[:i] + letter + stem[i:])[:length] for i in range(len(stem) + 1) for letter in alphabet}
    superfluous = {longer[:i] + longer[i + 1 :] for i in range(len(longer))}
    swapped = {longer[:i] + longer[i + 1] + longer[i] + longer[i + 2 :] for i in range(len(longer) - 1)}
    return {stem, *other, *missing, *superfluous, *(text[:length] for text in swapped)}


def _alphabet(text: str) -> str:
    return "".join(script for script in (_LATIN, _CYRILLIC) if any(letter in script for letter in text))
