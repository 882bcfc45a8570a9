"""Real mails from files: EVE Ref's `.tar.bz2`, or one ESI body a line in `.jsonl` and `.jsonl.gz`.

The text of each ESI part stays what the file held: keys that others added are cut out of it, nothing is re-written,
because a float that went through a parser may come back with other digits.
"""

import gzip
import tarfile
from collections.abc import Iterable, Iterator
from json import JSONDecoder
from pathlib import Path
from typing import Any, Final

from battlescope_upstream.killmail import Mail, make_mail

_ADDED: Final = frozenset(("killmail_hash", "http_last_modified", "zkb"))
_SPACE: Final = " \t\r\n"
_DECODER: Final = JSONDecoder()


def load_mails(paths: Iterable[Path]) -> tuple[Mail, ...]:
    """All mails in order of time and id; a mail that two files hold counts once."""
    found = {mail.killmail_id: mail for path in paths for mail in map(read_mail, _texts(path))}
    return tuple(sorted(found.values(), key=lambda mail: (mail.at, mail.killmail_id)))


def _texts(path: Path) -> Iterator[str]:
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


def read_mail(text: str) -> Mail:
    members = list(_members(text))
    body = {key: value for key, value, _ in members}
    pieces = {key: piece for key, _, piece in members}
    own = ",".join(piece for key, piece in pieces.items() if key not in _ADDED and not key.startswith("_"))
    zkb = pieces["zkb"].partition(":")[2].strip().encode() if "zkb" in pieces else None
    stated = body.get("killmail_hash") or body.get("zkb", {}).get("hash", "")
    return make_mail(f"{{{own}}}".encode(), body, stated, zkb)


def _members(text: str) -> Iterator[tuple[str, Any, str]]:
    """The members of the outermost object: key, value, and the text of both."""
    at = _skip(text, text.index("{") + 1)
    while text[at] != "}":
        begin = at
        key, at = _DECODER.raw_decode(text, at)
        at = _skip(text, _skip(text, at) + 1)
        value, at = _DECODER.raw_decode(text, at)
        yield key, value, text[begin:at]
        at = _skip(text, at)
        if text[at] == ",":
            at = _skip(text, at + 1)


def _skip(text: str, at: int) -> int:
    while text[at] in _SPACE:
        at += 1
    return at
