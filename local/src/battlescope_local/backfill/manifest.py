"""Builds a backfill manifest from command-line options, and objects from killmail files."""

import codecs
import gzip
import tarfile
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from battlescope_local.errors import UserError
from battlescope_schemas.backfill import BackfillManifest, DateRange, DaySource, Priority
from battlescope_schemas.killmail import InvalidKillmail, read_killmail

MAX_MESSAGES: Final = 20  # of all files, so that a wrong file does not print a million messages
_GZIP_LEVEL: Final = 3
_BLANK: Final = b" \t\r\n" + codecs.BOM_UTF8


@dataclass(frozen=True, slots=True)
class BackfillRequest:
    """The requested days, `first` and `last` included; with files, only killmails of these days are loaded."""

    first: date | None
    last: date | None
    source: str = DaySource.EVEREF.value
    priority: str = Priority.NORMAL.value
    reason: str = "manual"
    files: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True)
class BackfillUpload:
    """A manifest and its objects. Objects are uploaded first, so that a manifest never names a missing object.

    messages: what the files hold besides killmails, each with its file and line.
    """

    manifest: BackfillManifest
    objects: Mapping[str, bytes]
    messages: Sequence[str] = ()

    @property
    def body(self) -> bytes:
        return self.manifest.model_dump_json(by_alias=True, exclude_none=True, indent=2).encode()

    @property
    def key(self) -> str:
        """Derived from the content, so that a repeated request is the same job."""
        return f"manifests/backfill-{sha256(self.body).hexdigest()[:16]}.json"


def build_upload(request: BackfillRequest, requested_by: str) -> BackfillUpload:
    """The manifest of a request, and the killmails of its files by day.

    Raises:
        UserError: a file cannot be read, or the request has neither days nor files.
    """
    if request.files:
        text_by_day, messages = _killmails_by_day(request.files)
        days = {day: text for day, text in text_by_day.items() if _is_requested(request, day)}
        if not days:
            raise UserError(" ".join(["The files hold no killmails of these days.", *messages[:1]]))
        keys = {day: f"backfill-objects/{day}/{sha256(text).hexdigest()[:16]}.jsonl.gz" for day, text in days.items()}
        keys_by_day = {day: (key,) for day, key in keys.items()}
        manifest = _manifest(
            request, requested_by, dates=tuple(sorted(days)), source=DaySource.OBJECTS, objects=keys_by_day
        )
        return BackfillUpload(manifest, {keys[day]: text for day, text in days.items()}, messages)
    if request.first is None or request.last is None:
        raise UserError("Set the days with --from and --to, or name killmail files.")
    dates = _date_range(request.first, request.last)
    return BackfillUpload(
        _manifest(request, requested_by, dates=dates, source=DaySource(request.source), objects=None), {}
    )


def _manifest(
    request: BackfillRequest, requested_by: str, *, dates: DateRange | tuple[date, ...], source: DaySource,
    objects: dict[date, tuple[str, ...]] | None,
) -> BackfillManifest:  # fmt: skip
    return BackfillManifest(
        version=1, dates=dates, source=source, priority=Priority(request.priority), reason=request.reason,
        requested_by=requested_by, objects=objects,
    )  # fmt: skip


def _date_range(first: date, last: date) -> DateRange:
    try:
        return DateRange(from_=first, to=last)
    except ValidationError as error:
        raise UserError(f"--from {first} is after --to {last}.") from error


def _is_requested(request: BackfillRequest, day: date) -> bool:
    return (request.first is None or request.first <= day) and (request.last is None or day <= request.last)


def _killmails_by_day(files: Iterable[Path]) -> tuple[Mapping[date, bytes], Sequence[str]]:
    """All killmails of the files, one per line, as one gzip text per day; and a message about each other line."""
    writers: dict[date, tuple[BytesIO, gzip.GzipFile]] = {}
    messages: list[str] = []
    invalid = 0
    for path in files:
        for position, text in _read(path):
            try:
                day = read_killmail(text).killmail_time.date()
            except InvalidKillmail as error:
                invalid += 1
                messages += [f"{path}, {position} is not a killmail: {error}"] if invalid <= MAX_MESSAGES else []
                continue
            if day not in writers:
                buffer = BytesIO()
                writers[day] = buffer, gzip.GzipFile(fileobj=buffer, mode="wb", compresslevel=_GZIP_LEVEL, mtime=0)
            writers[day][1].write(text.strip() + b"\n")
    for _, writer in writers.values():
        writer.close()
    if invalid > MAX_MESSAGES:
        messages.append(f"The files have {invalid - MAX_MESSAGES} more lines that are not killmails.")
    return {day: buffer.getvalue() for day, (buffer, _) in writers.items()}, messages


def _read(path: Path) -> Iterator[tuple[str, bytes]]:
    try:
        yield from _killmail_texts(path)
    except (OSError, EOFError, tarfile.TarError, zlib.error) as error:
        raise UserError(f"{path} cannot be read: {error}.") from error


def _killmail_texts(path: Path) -> Iterator[tuple[str, bytes]]:
    """Each text with its position: the number of the line, or the name of the member."""
    if path.name.endswith(".tar.bz2"):
        with tarfile.open(path, "r|bz2") as archive:
            for member in archive:
                if member.name.endswith(".json") and (content := archive.extractfile(member)):
                    yield member.name, content.read().replace(b"\n", b" ")
    elif path.suffix == ".gz":
        with gzip.open(path) as lines:
            yield from _numbered(lines)
    else:
        with path.open("rb") as lines:
            yield from _numbered(lines)


def _numbered(lines: Iterable[bytes]) -> Iterator[tuple[str, bytes]]:
    return ((f"line {number}", line) for number, line in enumerate(lines, 1) if line.strip(_BLANK))
