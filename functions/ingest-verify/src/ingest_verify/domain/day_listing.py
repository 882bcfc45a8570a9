"""The source's list of a day: id to hash. And what is ordered when mails of it are missing here."""

import json
import re
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final, cast

from battlescope_schemas.backfill import BackfillManifest, DaySource, Priority

MAX_EMBEDDED: Final = 50_000  # ids and hashes of a manifest that the planner still reads
BY: Final = "ingest-verify"
_HASH: Final = re.compile(r"[0-9a-f]{40}")


def parse_listing(body: bytes) -> dict[int, str]:
    """The list, as `{"<id>": "<hash>"}` or as `[{"killmail_id": <id>, "hash": "<hash>"}]`.

    Raises:
        ValueError: it is neither.
    """
    document: Any = json.loads(body)
    if isinstance(document, list):
        entries = cast("list[dict[str, Any]]", document)
        if not all(isinstance(entry, dict) for entry in entries):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise ValueError("The list holds something else than mails.")
        document = {str(entry.get("killmail_id")): entry.get("hash", entry.get("killmail_hash")) for entry in entries}
    if not isinstance(document, dict):
        raise ValueError("The list is no map of ids.")  # noqa: TRY004  # what others wrote, no misuse of ours
    found = cast("dict[str, Any]", document)
    if not all(key.isascii() and key.isdecimal() and _is_hash(value) for key, value in found.items()):
        raise ValueError("The list is no map of ids to hashes.")
    return {int(key): value for key, value in found.items()}


def day_total(body: bytes, day: date) -> int | None:
    """What the source's totals say of the day, if they say something readable."""
    try:
        document: Any = json.loads(body)
    except ValueError:
        return None
    count = cast("dict[str, Any]", document).get(f"{day:%Y%m%d}") if isinstance(document, dict) else None
    return count if isinstance(count, int) else None


def missing_killmails_manifest(day: date, missing: Mapping[int, str]) -> tuple[str, bytes]:
    """The manifest of the mails that are not here. The same mails make the same object, and so the same job."""
    embedded = len(missing) <= MAX_EMBEDDED
    content = BackfillManifest(
        version=1,
        dates=(day,),
        source=DaySource.EMBEDDED if embedded else DaySource.R2Z2,
        priority=Priority.HIGH,
        reason="daily_verification",
        requested_by=BY,
        killmails={day: dict(sorted(missing.items()))} if embedded else None,
    )
    return f"manifests/verify-{day}.json", _written(content)


def gap_days_manifest(days: Sequence[date], today: date) -> tuple[str, bytes]:
    """The manifest of days of which nothing is here, or of which the feed kept something."""
    content = BackfillManifest(
        version=1, dates=tuple(days), priority=Priority.HIGH, reason="gap_detected", requested_by=BY
    )
    return f"manifests/gaps-{today}.json", _written(content)


def _written(content: BackfillManifest) -> bytes:
    return content.model_dump_json(by_alias=True, exclude_none=True).encode()


def _is_hash(value: object) -> bool:
    return isinstance(value, str) and _HASH.fullmatch(value) is not None
