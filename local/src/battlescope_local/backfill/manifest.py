"""Builds a backfill manifest from command-line options, and objects from killmail files."""

import gzip
import re
import tarfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from battlescope_local.errors import UserError
from battlescope_schemas.backfill import BackfillManifest, DateRange, DaySource, Priority

# In every format of killmail files, the first killmail_time in the text is the killmail's own.
_KILLMAIL_TIME: Final = re.compile(rb'"killmail_time"\s*:\s*"(\d{4}-\d\d-\d\d)T')
_GZIP_LEVEL: Final = 3


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
    """A manifest and its objects. Objects are uploaded first, so that a manifest never names a missing object."""

    manifest: BackfillManifest
    objects: Mapping[str, bytes]

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
        days = {day: text for day, text in _killmails_by_day(request.files).items() if _is_requested(request, day)}
        if not days:
            raise UserError("The files hold no killmails of these days.")
        keys = {day: f"backfill-objects/{day}/{sha256(text).hexdigest()[:16]}.jsonl.gz" for day, text in days.items()}
        keys_by_day = {day: (key,) for day, key in keys.items()}
        manifest = _manifest(
            request, requested_by, dates=tuple(sorted(days)), source=DaySource.OBJECTS, objects=keys_by_day
        )
        return BackfillUpload(manifest, {keys[day]: text for day, text in days.items()})
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


def _killmails_by_day(files: Iterable[Path]) -> Mapping[date, bytes]:
    """All killmails of the files, one per line, as one gzip text per day."""
    writers: dict[date, tuple[BytesIO, gzip.GzipFile]] = {}
    for path in files:
        for text in _read(path):
            match = _KILLMAIL_TIME.search(text)
            if match is None:
                raise UserError(f"{path} holds a text that is not a killmail: {text[:60]!r}.")
            day = date.fromisoformat(match[1].decode())
            if day not in writers:
                buffer = BytesIO()
                writers[day] = buffer, gzip.GzipFile(fileobj=buffer, mode="wb", compresslevel=_GZIP_LEVEL, mtime=0)
            writers[day][1].write(text.strip() + b"\n")
    for _, writer in writers.values():
        writer.close()
    return {day: buffer.getvalue() for day, (buffer, _) in writers.items()}


def _read(path: Path) -> Iterator[bytes]:
    try:
        yield from _killmail_texts(path)
    except (OSError, EOFError, tarfile.TarError) as error:
        raise UserError(f"{path} cannot be read: {error}.") from error


def _killmail_texts(path: Path) -> Iterator[bytes]:
    if path.name.endswith(".tar.bz2"):
        with tarfile.open(path, "r|bz2") as archive:
            for member in archive:
                if member.name.endswith(".json") and (content := archive.extractfile(member)):
                    yield content.read().replace(b"\n", b" ")
    elif path.suffix == ".gz":
        with gzip.open(path) as lines:
            yield from filter(bytes.strip, lines)
    else:
        with path.open("rb") as lines:
            yield from filter(bytes.strip, lines)
