"""From the bytes of a manifest to its days, or to all its errors, each a sentence that starts with the field's path.

Pure: today is an argument.
"""

import json
from calendar import monthrange
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import islice
from typing import Any, Final, cast
from uuid import UUID

from pydantic import ValidationError

from battlescope_events.http_api.validation_messages import error_words
from battlescope_events.object_storage.keys import key_error
from battlescope_schemas.backfill import BackfillManifest, DateRange, DaySource
from battlescope_schemas.foreign_text import storable

MAX_MANIFEST_BYTES: Final = 5_000_000  # ids and hashes of 70,000 killmails, or ten years of object keys
DATES_FORM: Final = "dates: must be a list of days, or a range with from and to."
MAX_REASONS: Final = 20  # a longer list would not help an operator to correct the manifest


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits that the installation configures."""

    retention_months: int
    max_days: int


@dataclass(frozen=True, slots=True)
class Plan:
    """A valid manifest with its days in order."""

    manifest: BackfillManifest
    days: tuple[date, ...]


@dataclass(frozen=True, slots=True)
class Rejection:
    """The errors of a manifest, and its requester if it names one."""

    reasons: tuple[str, ...]
    requested_by: str = "unknown"

    @property
    def text(self) -> str:
        return " ".join(self.reasons)


def cutoff(today: date, months: int) -> date:
    """The first day within retention: `months` back, or the last day of that month if it is shorter."""
    month_index = today.year * 12 + today.month - 1 - months
    year, month = divmod(month_index, 12)
    return date(year, month + 1, min(today.day, monthrange(year, month + 1)[1]))


def plan_manifest(body: bytes, today: date, limits: Limits) -> Plan | Rejection:
    """The plan of a manifest, or every error that prevents it."""
    if len(body) > MAX_MANIFEST_BYTES:
        return too_large_rejection(len(body))
    try:
        document: Any = json.loads(body)
    except (ValueError, RecursionError) as error:
        return Rejection((f"The manifest is not JSON: {storable(str(error))}.",))
    if not isinstance(document, dict):
        return Rejection(("The manifest is not a JSON object.",))
    return _validated(cast("dict[str, Any]", document), today, limits)


def too_large_rejection(size: int) -> Rejection:
    return Rejection((f"The manifest has {size} bytes, more than the maximum of {MAX_MANIFEST_BYTES}.",))


def _validated(document: dict[str, Any], today: date, limits: Limits) -> Plan | Rejection:
    requester = _requester(document)
    try:
        manifest = BackfillManifest.model_validate_json(json.dumps(document), extra="forbid")
    except ValidationError as error:
        reasons = dict.fromkeys(_validation_errors(error, document.get("dates")))
        return Rejection(tuple(islice(reasons, MAX_REASONS)), requester)
    except RecursionError:
        return Rejection(("The manifest is nested too deeply.",), requester)
    days = _requested_days(manifest)
    if len(days) > limits.max_days:
        reason = f"dates: {len(days)} days are more than the {limits.max_days} that a job may have."
        return Rejection((reason,), requester)
    reasons = [*_text_errors(manifest), *_day_errors(days, today, limits), *_source_errors(manifest, days)]
    return Rejection(tuple(reasons[:MAX_REASONS]), requester) if reasons else Plan(manifest, tuple(sorted(days)))


def _requested_days(manifest: BackfillManifest) -> Sequence[date]:
    if isinstance(manifest.dates, DateRange):
        first, last = manifest.dates.from_, manifest.dates.to
        return [first + timedelta(n) for n in range((last - first).days + 1)]
    return manifest.dates


def _text_errors(manifest: BackfillManifest) -> Iterator[str]:
    """JSON allows characters that neither the database nor a URL accepts."""
    if manifest.ruleset_id is not None and not _is_uuid(manifest.ruleset_id):
        yield f"rulesetId: {storable(repr(manifest.ruleset_id[:60]))} is not the id of a ruleset."
    texts = {"reason": manifest.reason, "requestedBy": manifest.requested_by}
    for path, text in texts.items():
        if not text.isprintable():
            yield f"{path}: contains characters that cannot be printed."
    for day, keys in (manifest.objects or {}).items():
        yield from (f"objects.{day}: {storable(repr(key[:60]))} {error}." for key in keys if (error := key_error(key)))


def _is_uuid(text: str) -> bool:
    try:
        return str(UUID(text)) == text.lower()
    except ValueError:
        return False


def _day_errors(days: Sequence[date], today: date, limits: Limits) -> Iterator[str]:
    oldest = cutoff(today, limits.retention_months)
    previous_days: set[date] = set()
    for index, day in enumerate(days):
        if day in previous_days:
            yield f"dates.{index}: {day} is listed twice."
        elif day > today:
            yield f"dates.{index}: {day} is in the future."
        elif day < oldest:
            yield f"dates.{index}: {day} is before {oldest}, the first day within retention."
        previous_days.add(day)


def _source_errors(manifest: BackfillManifest, days: Sequence[date]) -> Iterator[str]:
    """A source that takes its killmails from the manifest needs an entry for exactly the requested days."""
    fields = {DaySource.EMBEDDED: ("killmails", manifest.killmails), DaySource.OBJECTS: ("objects", manifest.objects)}
    for source, (name, entries) in fields.items():
        if manifest.source is source:
            listed = set(entries or ())
            yield from (f"{name}: {day} is requested and has no entry." for day in sorted(set(days) - listed))
            yield from (f"{name}.{day}: this day is not among the dates." for day in sorted(listed - set(days)))
            yield from (f"{name}.{day}: is empty." for day, entry in sorted((entries or {}).items()) if not entry)
        elif entries is not None:
            yield f"{name}: belongs to the source {source.value}, but the source is {manifest.source.value}."


def _validation_errors(error: ValidationError, dates: Any) -> Iterator[str]:
    """The same sentences as of requests to an API. `dates` is that of the manifest: a list, a range or neither."""
    for detail in error.errors(include_url=False, include_input=False):
        path = [str(part) for part in detail["loc"] if part != "[key]"]
        if not path:  # half a character, which JSON lets pass and no text can hold
            yield "The manifest has a character that is none of Unicode."
            continue
        if path[0] == "dates" and len(path) > 1:
            del path[1]  # pydantic's name of the form, list or range, that it tried
            if len(path) == 1 and detail["type"] in {"tuple_type", "model_type"}:
                if not isinstance(dates, list | dict):
                    yield DATES_FORM
                continue
        yield storable(f"{'.'.join(path)[:200]}: {error_words(detail).rstrip('.')}.")


def _requester(document: dict[str, Any]) -> str:
    requester = document.get("requestedBy", document.get("requested_by"))
    return storable(requester)[:128] if isinstance(requester, str) and requester else "unknown"
