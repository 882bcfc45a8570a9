"""Text that others send, as text that every database, header and terminal accepts."""

import json
from typing import Any, Final

MAX_NAME: Final = 200  # characters; the longest names of the game have about a hundred
REPLACEMENT: Final = "\N{REPLACEMENT CHARACTER}"
_DIRECTION_MARKS: Final = (0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A))
_CONTROLS: Final = (*range(0x20), *range(0x7F, 0xA0), 0x2028, 0x2029)
_SURROGATES: Final = range(0xD800, 0xE000)
# PostgreSQL and UTF-8 take no NUL and no half of a surrogate pair; control characters command terminals, and direction
# marks turn the text around them.
_CLEANED: Final = dict.fromkeys((*_CONTROLS, *_SURROGATES), REPLACEMENT) | dict.fromkeys(_DIRECTION_MARKS, "")


def clean_name(value: object) -> str | None:
    """The text as a name: without surrounding space, at most `MAX_NAME` characters, U+FFFD for what cannot be stored.

    None for a value that is no text, and for a text that shows nothing.
    """
    if not isinstance(value, str):
        return None
    name = value.strip()[: 2 * MAX_NAME].translate(_CLEANED).strip()[:MAX_NAME].strip()
    shown = name.replace(REPLACEMENT, "")
    return name if any(character.isprintable() and not character.isspace() for character in shown) else None


def storable(text: str) -> str:
    """The text without what PostgreSQL and UTF-8 do not take: U+FFFD for NUL and for halves of surrogate pairs."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").replace("\x00", REPLACEMENT)


def parse_json(body: bytes) -> Any:
    """A document in which single texts may be odd: bytes that are no UTF-8, halves of surrogate pairs, raw controls.

    Raises:
        ValueError: the body is no JSON, or is nested too deeply.
    """
    try:
        return json.loads(body.decode("utf-8-sig", "replace"), strict=False)
    except RecursionError as error:
        raise ValueError("The document is nested too deeply") from error
