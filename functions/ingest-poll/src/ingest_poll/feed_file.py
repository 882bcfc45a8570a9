"""Parses a feed file: a killmail, a placeholder, a stub without body, an unusable body, or an entry to refuse."""

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, cast

from battlescope_schemas.killmail import InvalidKillmail, Killmail, RawKillmail, Zkb, killmail_hash, read_raw
from ingest_poll.feed_state import UnusableBody

GAME_LAUNCH: Final = datetime(2003, 5, 6, tzinfo=UTC)  # an older time is an error, and would create monthly partitions
MAX_CLOCK_SKEW: Final = timedelta(days=1)  # clocks differ, but not by more than this
_MAX_EXCERPT_BYTES: Final = 1_024


@dataclass(frozen=True, slots=True)
class KillmailEntry:
    """A killmail that matches its hash, with the raw bytes for the archive."""

    sequence: int
    body: bytes
    killmail: Killmail
    hash: str
    zkb: Zkb


@dataclass(frozen=True, slots=True)
class RefusedEntry:
    """A body that is not a valid killmail; the reason is a sentence."""

    sequence: int
    body: bytes
    reason: str


@dataclass(frozen=True, slots=True)
class PlaceholderEntry:
    """The feed's null entry: a sequence without a killmail."""

    sequence: int


@dataclass(frozen=True, slots=True)
class StubEntry:
    """An entry with id and hash only; ESI provides the body."""

    sequence: int
    body: bytes
    raw: RawKillmail


FeedEntry = KillmailEntry | RefusedEntry | PlaceholderEntry | StubEntry


@dataclass(frozen=True, slots=True)
class FeedFile:
    """One parsed feed file. `rewritten_sequence` names an older file that the feed has rewritten."""

    entry: FeedEntry
    rewritten_sequence: int | None = None


def parse_file(sequence: int, body: bytes, now: datetime) -> FeedFile | UnusableBody:
    """Parse the body that the feed returned for `sequence`."""
    if body.lstrip()[:1] == b"<":
        return UnusableBody("The feed returns HTML instead of JSON.", body)
    envelope = _envelope(body)
    stated = envelope.get("sequence_id")
    if stated is not None and stated != sequence:
        return UnusableBody(f"The feed returns sequence {sanitize(str(stated))[:40]} instead of {sequence}.", body)
    rewritten = envelope.get("sequence_updated")
    is_valid = isinstance(rewritten, int) and not isinstance(rewritten, bool) and 0 < rewritten < 2**63
    return FeedFile(_parse_entry(sequence, body, now), rewritten if is_valid else None)


def complete_stub(stub: StubEntry, esi_body: bytes, now: datetime) -> KillmailEntry | RefusedEntry | PlaceholderEntry:
    """The entry with ESI's killmail inserted under `esi`, as the feed's complete files have it."""
    try:
        document = _envelope(stub.body) | {"killmail_id": stub.raw.killmail_id, "esi": json.loads(esi_body)}
    except (ValueError, RecursionError):
        return RefusedEntry(stub.sequence, esi_body, "ESI returns a body for this killmail that is not JSON.")
    entry = _parse_entry(stub.sequence, json.dumps(document, separators=(",", ":")).encode(), now)
    if isinstance(entry, StubEntry):
        return RefusedEntry(stub.sequence, stub.body, "ESI returns a body for this killmail without a killmail.")
    return entry


def sanitize(text: str) -> str:
    """Text that PostgreSQL and JSON accept: no NUL, no lone surrogates."""
    return text.encode("utf-8", "replace").decode().replace("\x00", "�")


def excerpt(body: bytes) -> str:
    """The first bytes of a body, at most 1 KiB of UTF-8."""
    text = sanitize(body[:_MAX_EXCERPT_BYTES].decode("utf-8", "replace"))
    return text.encode()[:_MAX_EXCERPT_BYTES].decode("utf-8", "ignore")


def _envelope(body: bytes) -> dict[str, Any]:
    """The body as an object; empty if it is not one, which `_parse_entry` then refuses with a reason."""
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return cast("dict[str, Any]", document) if isinstance(document, dict) else {}


def _parse_entry(sequence: int, body: bytes, now: datetime) -> FeedEntry:
    try:
        raws = read_raw(body)
    except (InvalidKillmail, OverflowError, RecursionError) as error:  # extreme dates and extreme nesting
        return RefusedEntry(sequence, body, sanitize(str(error))[:500])
    match raws:
        case ():
            return PlaceholderEntry(sequence)
        case (raw,):
            return _validated(sequence, body, raw, now)
        case _:
            return RefusedEntry(sequence, body, f"The file holds {len(raws)} killmails instead of one.")


def _validated(sequence: int, body: bytes, raw: RawKillmail, now: datetime) -> FeedEntry:
    killmail = raw.killmail
    if killmail is None and re.fullmatch("[0-9a-f]{40}", raw.hash) is None:
        return RefusedEntry(sequence, body, f"The killmail {raw.killmail_id} has neither body nor a valid hash.")
    if killmail is None:
        return StubEntry(sequence, body, raw)
    if raw.hash != killmail_hash(killmail):
        return RefusedEntry(sequence, body, f"The killmail {raw.killmail_id} does not match its hash.")
    if killmail.killmail_time > now + MAX_CLOCK_SKEW:
        return RefusedEntry(sequence, body, f"The killmail {raw.killmail_id} is more than a day in the future.")
    if killmail.killmail_time < GAME_LAUNCH:
        return RefusedEntry(sequence, body, f"The killmail {raw.killmail_id} is older than the game.")
    return KillmailEntry(sequence, body, killmail, raw.hash, raw.zkb)
