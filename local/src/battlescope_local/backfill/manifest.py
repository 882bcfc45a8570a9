"""From what was asked for on the command line to a manifest, and to objects where it was given files."""

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

# The first time in a mail's text is its own, in every shape that files have.
_TIME: Final = re.compile(rb'"killmail_time"\s*:\s*"(\d{4}-\d\d-\d\d)T')
_LEVEL: Final = 3


@dataclass(frozen=True, slots=True)
class Order:
    """`first` and `last` are days that both belong to it; where there are files, they only narrow what is taken."""

    first: date | None
    last: date | None
    source: str = DaySource.EVEREF.value
    priority: str = Priority.NORMAL.value
    reason: str = "manual"
    files: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True)
class BackfillUpload:
    """What is put into the bucket: objects first, so that a manifest never names what is not there."""

    manifest: BackfillManifest
    objects: Mapping[str, bytes]

    @property
    def body(self) -> bytes:
        return self.manifest.model_dump_json(by_alias=True, exclude_none=True, indent=2).encode()

    @property
    def key(self) -> str:
        """The same order has the same name and content, and so is no second job."""
        return f"manifests/backfill-{sha256(self.body).hexdigest()[:16]}.json"


def parcel(order: Order, who: str) -> BackfillUpload:
    """The manifest of an order, with the mails of its files by day.

    Raises:
        Problem: a file cannot be read, or the order says too little.
    """
    if order.files:
        days = {day: text for day, text in _by_day(order.files).items() if _within(order, day)}
        if not days:
            raise UserError("The files have no mails of these days.")
        keys = {day: f"backfill-objects/{day}/{sha256(text).hexdigest()[:16]}.jsonl.gz" for day, text in days.items()}
        listed = {day: (key,) for day, key in keys.items()}
        manifest = _manifest(order, who, dates=tuple(sorted(days)), source=DaySource.OBJECTS, objects=listed)
        return BackfillUpload(manifest, {keys[day]: text for day, text in days.items()})
    if order.first is None or order.last is None:
        raise UserError("Say which days with --from and --to, or name files of killmails.")
    dates = _range(order.first, order.last)
    return BackfillUpload(_manifest(order, who, dates=dates, source=DaySource(order.source), objects=None), {})


def _manifest(
    order: Order, who: str, *, dates: DateRange | tuple[date, ...], source: DaySource,
    objects: dict[date, tuple[str, ...]] | None,
) -> BackfillManifest:  # fmt: skip
    return BackfillManifest(
        version=1, dates=dates, source=source, priority=Priority(order.priority), reason=order.reason,
        requested_by=who, objects=objects,
    )  # fmt: skip


def _range(first: date, last: date) -> DateRange:
    try:
        return DateRange(from_=first, to=last)
    except ValidationError as error:
        raise UserError(f"--from {first} lies after --to {last}.") from error


def _within(order: Order, day: date) -> bool:
    return (order.first is None or order.first <= day) and (order.last is None or day <= order.last)


def _by_day(files: Iterable[Path]) -> Mapping[date, bytes]:
    """Every mail of the files as one gzip text a day."""
    packed: dict[date, tuple[BytesIO, gzip.GzipFile]] = {}
    for path in files:
        for text in _read(path):
            found = _TIME.search(text)
            if found is None:
                raise UserError(f"{path} holds something that is no killmail: {text[:60]!r}.")
            day = date.fromisoformat(found[1].decode())
            if day not in packed:
                into = BytesIO()
                packed[day] = into, gzip.GzipFile(fileobj=into, mode="wb", compresslevel=_LEVEL, mtime=0)
            packed[day][1].write(text.strip() + b"\n")
    for _, writer in packed.values():
        writer.close()
    return {day: into.getvalue() for day, (into, _) in packed.items()}


def _read(path: Path) -> Iterator[bytes]:
    try:
        yield from _texts(path)
    except (OSError, EOFError, tarfile.TarError) as error:
        raise UserError(f"{path} cannot be read: {error}.") from error


def _texts(path: Path) -> Iterator[bytes]:
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
