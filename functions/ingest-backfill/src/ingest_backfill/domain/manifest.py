"""From the bytes of a manifest to days, or to everything that is wrong with it, each a sentence that names the place.

Pure: today is an argument.
"""

import json
from calendar import monthrange
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final, cast
from uuid import UUID

from pydantic import ValidationError

from battlescope_schemas.backfill import BackfillManifest, DateRange, DaySource

MAX_MANIFEST_BYTES: Final = 5_000_000  # bytes; id and hash of 70,000 mails, or ten years of object keys
MAX_REASONS: Final = 20  # more would not help anybody to mend it


@dataclass(frozen=True, slots=True)
class Limits:
    """What an installation allows."""

    retention_months: int
    max_days: int


@dataclass(frozen=True, slots=True)
class Plan:
    """A manifest that can be worked, with its days in order."""

    manifest: BackfillManifest
    days: tuple[date, ...]


@dataclass(frozen=True, slots=True)
class Rejection:
    """Why a manifest cannot be worked, and by whom it was wanted where that can be told."""

    reasons: tuple[str, ...]
    requested_by: str = "unknown"

    @property
    def text(self) -> str:
        return " ".join(self.reasons)


def cutoff(today: date, months: int) -> date:
    """The first day that is kept: so many months back, or the last day of that month where it is shorter."""
    index = today.year * 12 + today.month - 1 - months
    year, month = divmod(index, 12)
    return date(year, month + 1, min(today.day, monthrange(year, month + 1)[1]))


def plan_manifest(body: bytes, today: date, limits: Limits) -> Plan | Rejection:
    """What is to be done, or every reason why not."""
    if len(body) > MAX_MANIFEST_BYTES:
        return too_large_rejection(len(body))
    try:
        document: Any = json.loads(body)
    except (ValueError, RecursionError) as error:
        return Rejection((f"The manifest is not JSON: {_printable(str(error))}.",))
    if not isinstance(document, dict):
        return Rejection(("The manifest is not a JSON object.",))
    return _checked(cast("dict[str, Any]", document), today, limits)


def too_large_rejection(size: int) -> Rejection:
    return Rejection((f"The manifest has {size} bytes, more than the {MAX_MANIFEST_BYTES} that are read.",))


def _checked(document: dict[str, Any], today: date, limits: Limits) -> Plan | Rejection:
    by = _who(document)
    try:
        manifest = BackfillManifest.model_validate_json(json.dumps(document))
    except (ValidationError, RecursionError) as error:
        return Rejection(tuple(_sentences(error)), by)
    asked = _asked(manifest)
    if len(asked) > limits.max_days:
        return Rejection((f"dates: {len(asked)} days are more than the {limits.max_days} that a job may have.",), by)
    reasons = [*_of_texts(manifest), *_of_days(asked, today, limits), *_of_source(manifest, asked)]
    return Rejection(tuple(reasons[:MAX_REASONS]), by) if reasons else Plan(manifest, tuple(sorted(asked)))


def _asked(manifest: BackfillManifest) -> Sequence[date]:
    if isinstance(manifest.dates, DateRange):
        first, last = manifest.dates.from_, manifest.dates.to
        return [first + timedelta(n) for n in range((last - first).days + 1)]
    return manifest.dates


def _of_texts(manifest: BackfillManifest) -> Iterator[str]:
    """Neither a database nor an address takes every text that JSON can write."""
    if manifest.ruleset_id is not None and not _is_uuid(manifest.ruleset_id):
        yield f"rulesetId: {_printable(repr(manifest.ruleset_id[:60]))} is no id of a ruleset."
    texts = {"reason": manifest.reason, "requestedBy": manifest.requested_by}
    texts |= {f"objects.{day}": "".join(keys) for day, keys in (manifest.objects or {}).items()}
    yield from (f"{place}: holds characters that cannot be printed." for place, text in texts.items() if _is_odd(text))


def _is_uuid(text: str) -> bool:
    try:
        return str(UUID(text)) == text.lower()
    except ValueError:
        return False


def _is_odd(text: str) -> bool:
    return not text.isprintable()


def _of_days(days: Sequence[date], today: date, limits: Limits) -> Iterator[str]:
    oldest = cutoff(today, limits.retention_months)
    seen: set[date] = set()
    for place, day in enumerate(days):
        if day in seen:
            yield f"dates.{place}: {day} stands there twice."
        elif day > today:
            yield f"dates.{place}: {day} lies in the future."
        elif day < oldest:
            yield f"dates.{place}: {day} lies before {oldest}, the first day that is kept."
        seen.add(day)


def _of_source(manifest: BackfillManifest, days: Sequence[date]) -> Iterator[str]:
    """What a source needs of the manifest itself must be there for exactly the days."""
    given = {DaySource.EMBEDDED: ("killmails", manifest.killmails), DaySource.OBJECTS: ("objects", manifest.objects)}
    for source, (name, entries) in given.items():
        if manifest.source is source:
            there = set(entries or ())
            yield from (f"{name}: {day} is wanted and has no entry." for day in sorted(set(days) - there))
            yield from (f"{name}.{day}: this day is not among the dates." for day in sorted(there - set(days)))
            yield from (f"{name}.{day}: is empty." for day, entry in sorted((entries or {}).items()) if not entry)
        elif entries is not None:
            yield f"{name}: belongs to the source {source.value}, and this is {manifest.source.value}."


def _sentences(error: ValidationError | RecursionError) -> Iterator[str]:
    if isinstance(error, RecursionError):
        yield "The manifest is nested too deeply."
        return
    for detail in error.errors(include_url=False, include_input=False)[:MAX_REASONS]:
        # A union names its member and a mapping its key where the message has the place; both are left as they are.
        place = ".".join(map(str, detail["loc"])) or "manifest"
        yield _printable(f"{place[:200]}: {detail['msg'].removeprefix('Value error, ').rstrip('.')}.")


def _who(document: dict[str, Any]) -> str:
    named = document.get("requestedBy", document.get("requested_by"))
    return _printable(named)[:128] if isinstance(named, str) and named else "unknown"


def _printable(text: str) -> str:
    """Neither a database nor a header takes zero bytes and lone surrogates."""
    return text.replace("\0", "\\0").encode(errors="backslashreplace").decode()
