"""Names as search compares them: what is indexed and what is typed go through the same functions.

| Text | Folded | Compact |
|---|---|---|
| `Pandemic Horde` | `pandemic horde` | `pandemichorde` |
| `HED-GP`, `hed gp`, `HEDGP` | `hed gp`, `hed gp`, `hedgp` | `hedgp` |
| `O'Neil`, also with a typographic quote | `oneil` | `oneil` |
| `[PILS.]` | `pils` | `pils` |
| `Björn`, also in full-width letters | `bjorn` | `bjorn` |
| `Йети`, `银河` | `йети`, `银河` | the same |
| `-.-`, which has no letter | `-.-` | `-.-` |
"""

import unicodedata
from typing import Final

_QUOTES: Final = dict.fromkeys(map(ord, "'\"`´‘’‚‛“”„‟′″«»‹›ʼ＇"))  # noqa: RUF001  # quotes that names have
# Of an ASCII text, which most names are: each character as it is folded, so that no loop looks at them one by one.
_ASCII: Final = {code: chr(code).lower() if chr(code).isalnum() else " " for code in range(128)} | {
    ord(quote): None for quote in "'\"`"
}
_FIRST_COMBINING: Final = "\N{COMBINING GRAVE ACCENT}"


def folded(text: str) -> str:
    """Lower-case words with one space between them, without quotes, accents of Latin letters and invisible characters.

    A text without a letter or digit keeps its other characters, so that a name of punctuation can be found.
    """
    if text.isascii() and (words := text.translate(_ASCII).split()):
        return " ".join(words)
    plain = text.lower().translate(_QUOTES) if text.isascii() else _plain(text)
    return " ".join(_words(plain).split()) or unicodedata.normalize("NFKC", "".join(plain.split())) or text.strip()


def compact(text: str) -> str:
    """The folded text without spaces: `HED-GP` and `hedgp` are equal."""
    return compacted(folded(text))


def compacted(folded_text: str) -> str:
    """As `compact`, of a text that is folded already."""
    return folded_text.replace(" ", "")


def _plain(text: str) -> str:
    """Until nothing changes: without a quote or an invisible character, what stood beside it may combine."""
    previous = ""
    while text != previous:
        previous = text
        visible = "".join(character for character in text.translate(_QUOTES) if unicodedata.category(character) != "Cf")
        text = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", visible).casefold())
        text = _without_latin_accents(text)
    return text


def _words(text: str) -> str:
    """The letters and digits with the marks that follow them, and a space for anything else."""
    if text.isascii():
        return "".join(character if character.isalnum() else " " for character in text)
    kept: list[str] = []
    is_in_word = False
    for character in text:
        is_mark = unicodedata.category(character)[0] == "M"
        is_in_word = character.isalnum() or (is_mark and is_in_word)
        if is_in_word:
            kept.append(character)
        elif not is_mark:
            kept.append(" ")
    return "".join(kept)


def _without_latin_accents(text: str) -> str:
    """`ö` becomes `o`; letters of other scripts keep their marks, which make them other letters."""
    if not any(character >= "\x80" for character in text):
        return text
    kept: list[str] = []
    is_after_latin = False
    for character in unicodedata.normalize("NFD", text):
        is_mark = character >= _FIRST_COMBINING and unicodedata.category(character) == "Mn"
        if not is_mark:
            is_after_latin = character.isascii() and character.isalnum()
        if not (is_mark and is_after_latin):
            kept.append(character)
    return unicodedata.normalize("NFC", "".join(kept))
