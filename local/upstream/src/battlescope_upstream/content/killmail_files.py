"""Killmails from files: EVE Ref's `.tar.bz2`, or one ESI body per line in `.jsonl` and `.jsonl.gz`.

The text of ESI's part stays as the file has it: keys added by others are cut out and nothing is serialized again,
because a float may change its digits when it is parsed and written.
"""

import gzip
import tarfile
from collections.abc import Iterable, Iterator
from json import JSONDecoder
from pathlib import Path
from typing import Any, Final

from battlescope_upstream.killmail import Killmail, make_killmail

_NON_ESI_KEYS: Final = frozenset(("killmail_hash", "http_last_modified", "zkb"))
_WHITESPACE: Final = " \t\r\n"
_DECODER: Final = JSONDecoder()


def load_killmails(paths: Iterable[Path]) -> tuple[Killmail, ...]:
    """All killmails in order of time and id; a killmail that two files contain counts once."""
    by_id = {killmail.killmail_id: killmail for path in paths for killmail in map(parse_killmail, _read_texts(path))}
    return tuple(sorted(by_id.values(), key=lambda killmail: (killmail.killed_at, killmail.killmail_id)))


def _read_texts(path: Path) -> Iterator[str]:
    if path.name.endswith(".tar.bz2"):
        with tarfile.open(path, "r:bz2") as archive:
            for member in archive:
                if member.name.endswith(".json") and (content := archive.extractfile(member)):
                    yield content.read().decode()
    elif path.suffix == ".gz":
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            yield from filter(str.strip, lines)
    else:
        with path.open(encoding="utf-8") as lines:
            yield from filter(str.strip, lines)


def parse_killmail(text: str) -> Killmail:
    members = list(_object_members(text))
    body = {key: value for key, value, _ in members}
    texts = {key: member_text for key, _, member_text in members}
    esi = ",".join(text for key, text in texts.items() if key not in _NON_ESI_KEYS and not key.startswith("_"))
    zkb = texts["zkb"].partition(":")[2].strip().encode() if "zkb" in texts else None
    source_hash = body.get("killmail_hash") or body.get("zkb", {}).get("hash", "")
    return make_killmail(f"{{{esi}}}".encode(), body, source_hash, zkb)


def _object_members(text: str) -> Iterator[tuple[str, Any, str]]:
    """The members of the outermost object: key, value, and the text of both."""
    index = _skip_whitespace(text, text.index("{") + 1)
    while text[index] != "}":
        begin = index
        key, index = _DECODER.raw_decode(text, index)
        index = _skip_whitespace(text, _skip_whitespace(text, index) + 1)
        value, index = _DECODER.raw_decode(text, index)
        yield key, value, text[begin:index]
        index = _skip_whitespace(text, index)
        if text[index] == ",":
            index = _skip_whitespace(text, index + 1)


def _skip_whitespace(text: str, index: int) -> int:
    while text[index] in _WHITESPACE:
        index += 1
    return index
