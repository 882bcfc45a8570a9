"""Names as search compares them: what is indexed and what is typed go through the same functions.

| Text | Folded | Compact |
|---|---|---|
| `Pandemic Horde` | `pandemic horde` | `pandemichorde` |
| `HED-GP`, `hed gp`, `HEDGP` | `hed gp`, `hed gp`, `hedgp` | `hedgp` |
| `O'Neil`, `O’Neil` | `oneil` | `oneil` |
| `[PILS.]` | `pils` | `pils` |
| `Björn`, full-width `Ｂｊｏｒｎ` | `bjorn` | `bjorn` |
| `Йети`, `银河` | `йети`, `银河` | the same |
| `-.-`, which has no letter | `-.-` | `-.-` |
"""

import unicodedata
from typing import Final

_QUOTES: Final = dict.fromkeys(map(ord, "'\"`´‘’‚‛“”„‟′″«»‹›ʼ＇"))  # noqa: RUF001  # quotes that names have
_FIRST_COMBINING: Final = "\N{COMBINING GRAVE ACCENT}"


def folded(text: str) -> str:
    """Lower-case words with one space between them, without quotes, accents of Latin letters and invisible characters.

    A text without a letter or digit keeps its other characters, so that a name of punctuation can be found.
    """
    if text.isascii():
        plain = text.lower().replace("'", "").replace('"', "").replace("`", "")
    else:
        plain = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
        plain = _without_latin_accents(plain).translate(_QUOTES)
        plain = "".join(character for character in plain if unicodedata.category(character) not in {"Cf", "Cc"})
    words = "".join(character if _is_of_word(character) else " " for character in plain).split()
    return " ".join(words) or "".join(plain.split()) or text.strip()


def compact(text: str) -> str:
    """The folded text without spaces: `HED-GP` and `hedgp` are equal."""
    return folded(text).replace(" ", "")


def _is_of_word(character: str) -> bool:
    return character.isalnum() or unicodedata.category(character)[0] == "M"


def _without_latin_accents(text: str) -> str:
    """`ö` becomes `o`; letters of other scripts keep their marks, which make them other letters."""
    if not any(character >= "\x80" for character in text):
        return text
    kept: list[str] = []
    is_after_latin = False
    for character in unicodedata.normalize("NFD", text):
        is_mark = character >= _FIRST_COMBINING and unicodedata.category(character) == "Mn"
        if not is_mark:
            is_after_latin = character.isascii()
        if not (is_mark and is_after_latin):
            kept.append(character)
    return unicodedata.normalize("NFC", "".join(kept))
