"""Reads killmail files: EVE Ref's `.tar.bz2`, and `.jsonl` and `.jsonl.gz` with one ESI body per line."""

import gzip
import tarfile
import zlib
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Final

from battlescope_local.errors import UserError
from battlescope_local.replay.esi_killmail import ValueOf, no_prices, parse_killmail
from battlescope_local.replay.hourly_buckets import HourlyBuckets
from battlescope_schemas.killmail import InvalidKillmail

ReportBytes = Callable[[int], None]
"""Takes the number of bytes of the file that were read since the last call."""

MAX_MESSAGES: Final = 20  # per file, so that a wrong file does not print a million messages
REPORT_EVERY: Final = 500  # lines or members


@dataclass(slots=True)
class FileContents:
    """Killmails of one file by hour, and a message about each of the first lines that are not killmails.

    read_at: a killmail that is much younger than this is refused.
    """

    read_at: datetime
    buckets: HourlyBuckets = field(default_factory=HourlyBuckets)
    killmails: int = 0
    invalid: int = 0
    messages: list[str] = field(default_factory=list[str])


def read_file(path: Path, report_bytes: ReportBytes, value_of: ValueOf = no_prices) -> FileContents:
    """Read a whole file. `value_of`: as for `parse_killmail`.

    Raises:
        UserError: the file cannot be read to its end.
    """
    contents = FileContents(datetime.now(UTC))
    try:
        for position, text in _texts(path, report_bytes):
            _add(contents, path, position, text, value_of)
    except (OSError, EOFError, zlib.error, tarfile.TarError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise UserError(f"{path} cannot be read: {reason}.") from error
    contents.buckets.flush()
    if contents.invalid > MAX_MESSAGES:
        contents.messages.append(f"{path} has {contents.invalid - MAX_MESSAGES} more lines that are not killmails.")
    return contents


def file_texts(path: Path) -> Iterator[tuple[str, bytes]]:
    """The text of each killmail with its place in the file.

    Raises:
        UserError: the file cannot be read to its end.
    """
    try:
        for position, text in _texts(path, lambda _: None):
            yield _location(position), text
    except (OSError, EOFError, zlib.error, tarfile.TarError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise UserError(f"{path} cannot be read: {reason}.") from error


def _location(position: int | str) -> str:
    return f"line {position}" if isinstance(position, int) else position


def _add(contents: FileContents, path: Path, position: int | str, text: bytes, value_of: ValueOf) -> None:
    try:
        killmail = parse_killmail(text, contents.read_at, value_of)
    except InvalidKillmail as error:
        contents.invalid += 1
        if contents.invalid <= MAX_MESSAGES:
            contents.messages.append(f"{path}, {_location(position)} is not a killmail: {error}")
        return
    contents.killmails += 1
    contents.buckets.add(killmail)


def _texts(path: Path, report_bytes: ReportBytes) -> Iterator[tuple[int | str, bytes]]:
    with path.open("rb") as raw, _progress_reporter(raw, report_bytes) as report_progress:
        if path.name.endswith(".tar.bz2"):
            yield from _members(raw, report_progress)
        elif path.suffix == ".gz":
            with gzip.open(raw) as lines:
                yield from _lines(lines, report_progress)
        else:
            yield from _lines(raw, report_progress)


def _members(raw: IO[bytes], report_progress: Callable[[], None]) -> Iterator[tuple[str, bytes]]:
    with tarfile.open(fileobj=raw, mode="r|bz2") as archive:
        for number, member in enumerate(archive):
            if member.name.endswith(".json") and (content := archive.extractfile(member)):
                yield member.name, content.read()
            if number % REPORT_EVERY == 0:
                report_progress()


def _lines(lines: Iterable[bytes], report_progress: Callable[[], None]) -> Iterator[tuple[int, bytes]]:
    for number, line in enumerate(lines, 1):
        if not line.isspace():
            yield number, line
        if number % REPORT_EVERY == 0:
            report_progress()


@contextmanager
def _progress_reporter(raw: IO[bytes], report_bytes: ReportBytes) -> Generator[Callable[[], None]]:
    """Yield a function that reports the bytes read of the file itself, not those of its decompressed content."""
    last = 0

    def report_progress() -> None:
        nonlocal last
        position = raw.tell()
        report_bytes(position - last)
        last = position

    yield report_progress
    report_progress()
