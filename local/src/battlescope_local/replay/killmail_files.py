"""Killmail files made plain: EVE Ref's `.tar.bz2`, and one ESI body a line in `.jsonl` and `.jsonl.gz`."""

import gzip
import tarfile
import zlib
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Final

import orjson

from battlescope_local.errors import UserError
from battlescope_local.replay.esi_killmail import Plain, plain
from battlescope_local.replay.hourly_buckets import HourlyBuckets
from battlescope_schemas.killmail import InvalidKillmail

Told = Callable[[int], None]
"""Hears how many bytes of the file were read since it heard last."""

MOST_COMPLAINTS: Final = 20  # of one file: whoever gave the wrong one need not read a million sentences
STEP: Final = 500


@dataclass(slots=True)
class FileContents:
    """What one file held: its mails by the hour, and a sentence about each line that is no mail."""

    hours: HourlyBuckets = field(default_factory=HourlyBuckets)
    mails: int = 0
    bad: int = 0
    complaints: list[str] = field(default_factory=list[str])


def read_file(path: Path, told: Told) -> FileContents:
    """Everything a file holds.

    Raises:
        Problem: the file cannot be read to its end.
    """
    found = FileContents()
    try:
        for place, text in _texts(path, told):
            _take(found, path, place, text)
    except (OSError, EOFError, zlib.error, tarfile.TarError) as error:
        why = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise UserError(f"{path} cannot be read: {why}.") from error
    found.hours.flush()
    if found.bad > MOST_COMPLAINTS:
        found.complaints.append(f"{path} has {found.bad - MOST_COMPLAINTS} more lines that are no killmails.")
    return found


def _take(found: FileContents, path: Path, place: int | str, text: bytes) -> None:
    try:
        mail = _mail(text)
    except InvalidKillmail as error:
        found.bad += 1
        if found.bad <= MOST_COMPLAINTS:
            where = f"line {place}" if isinstance(place, int) else place
            found.complaints.append(f"{path}, {where} is no killmail: {error}.")
        return
    found.mails += 1
    found.hours.add(mail)


def _mail(text: bytes) -> Plain:
    try:
        body = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise InvalidKillmail(f"it is no JSON ({error})") from error
    if not isinstance(body, dict):
        raise InvalidKillmail("it is no JSON object")
    return plain(body)


def _texts(path: Path, told: Told) -> Iterator[tuple[int | str, bytes]]:
    with path.open("rb") as raw, _heard(raw, told) as tell:
        if path.name.endswith(".tar.bz2"):
            yield from _members(raw, tell)
        elif path.suffix == ".gz":
            with gzip.open(raw) as lines:
                yield from _lines(lines, tell)
        else:
            yield from _lines(raw, tell)


def _members(raw: IO[bytes], tell: Callable[[], None]) -> Iterator[tuple[str, bytes]]:
    with tarfile.open(fileobj=raw, mode="r|bz2") as archive:
        for number, member in enumerate(archive):
            if member.name.endswith(".json") and (content := archive.extractfile(member)):
                yield member.name, content.read()
            if number % STEP == 0:
                tell()


def _lines(lines: Iterable[bytes], tell: Callable[[], None]) -> Iterator[tuple[int, bytes]]:
    for number, line in enumerate(lines, 1):
        if not line.isspace():
            yield number, line
        if number % STEP == 0:
            tell()


@contextmanager
def _heard(raw: IO[bytes], told: Told) -> Generator[Callable[[], None]]:
    """Tells how far the file itself was read, whatever unpacks it."""
    last = 0

    def tell() -> None:
        nonlocal last
        now = raw.tell()
        told(now - last)
        last = now

    yield tell
    tell()
