"""What a body from the feed holds: a killmail, nothing, something to ask for again, or something to refuse."""

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, cast

from battlescope_schemas.killmail import InvalidKillmail, Killmail, RawKillmail, Zkb, killmail_hash, read_raw
from ingest_poll.feed_state import UnusableBody

GAME_LAUNCH: Final = datetime(2003, 5, 6, tzinfo=UTC)  # what is older is an error, and would make monthly tables
MAX_CLOCK_SKEW: Final = timedelta(days=1)  # clocks differ; more than that is no clock
_MAX_EXCERPT_BYTES: Final = 1_024


@dataclass(frozen=True, slots=True)
class KillmailEntry:
    """A killmail that belongs to its hash, with the bytes that go to the archive."""

    sequence: int
    body: bytes
    killmail: Killmail
    hash: str
    zkb: Zkb


@dataclass(frozen=True, slots=True)
class RefusedEntry:
    """A body that is no acceptable killmail, with the reason as a sentence."""

    sequence: int
    body: bytes
    reason: str


@dataclass(frozen=True, slots=True)
class PlaceholderEntry:
    """The feed's null entry: a number without a mail."""

    sequence: int


@dataclass(frozen=True, slots=True)
class StubEntry:
    """An entry that only points to its killmail; ESI has the rest."""

    sequence: int
    body: bytes
    raw: RawKillmail


FeedEntry = KillmailEntry | RefusedEntry | PlaceholderEntry | StubEntry


@dataclass(frozen=True, slots=True)
class FeedFile:
    """What one feed file said. `updated` names an older file that was rewritten."""

    entry: FeedEntry
    rewritten_sequence: int | None = None


def parse_file(sequence: int, body: bytes, now: datetime) -> FeedFile | UnusableBody:
    """Read the answer to the question for `sequence`."""
    if body.lstrip()[:1] == b"<":
        return UnusableBody("The feed answers with HTML instead of JSON.", body)
    envelope = _envelope(body)
    stated = envelope.get("sequence_id")
    if stated is not None and stated != sequence:
        return UnusableBody(f"The feed answers with sequence {sanitize(str(stated))[:40]} instead of {sequence}.", body)
    rewritten_sequence = envelope.get("sequence_updated")
    known = isinstance(rewritten_sequence, int) and not isinstance(rewritten_sequence, bool) and 0 < rewritten_sequence < 2**63
    return FeedFile(_parse_entry(sequence, body, now), rewritten_sequence if known else None)


def complete_stub(stub: StubEntry, esi_body: bytes, now: datetime) -> KillmailEntry | RefusedEntry | PlaceholderEntry:
    """The entry with its killmail from ESI put where the feed's own files have it."""
    try:
        whole = _envelope(stub.body) | {"killmail_id": stub.raw.killmail_id, "esi": json.loads(esi_body)}
    except (ValueError, RecursionError):
        return RefusedEntry(stub.sequence, esi_body, "ESI answers for this killmail with something else than JSON.")
    entry = _parse_entry(stub.sequence, json.dumps(whole, separators=(",", ":")).encode(), now)
    if isinstance(entry, StubEntry):
        return RefusedEntry(stub.sequence, stub.body, "ESI answers for this killmail without a killmail.")
    return entry


def sanitize(text: str) -> str:
    """Text as PostgreSQL and JSON take it: no NUL, no lone surrogates."""
    return text.encode("utf-8", "replace").decode().replace("\x00", "�")


def excerpt(body: bytes) -> str:
    """The beginning of a body, at most 1 KB of UTF-8."""
    text = sanitize(body[:_MAX_EXCERPT_BYTES].decode("utf-8", "replace"))
    return text.encode()[:_MAX_EXCERPT_BYTES].decode("utf-8", "ignore")


def _envelope(body: bytes) -> dict[str, Any]:
    """The body as an object; empty where it is none, which the reading of the mail will complain about."""
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return cast("dict[str, Any]", document) if isinstance(document, dict) else {}


def _parse_entry(sequence: int, body: bytes, now: datetime) -> FeedEntry:
    try:
        raws = read_raw(body)
    except (InvalidKillmail, OverflowError, RecursionError) as error:  # dates and nesting that nobody sends honestly
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
        return RefusedEntry(sequence, body, f"The killmail {raw.killmail_id} has neither body nor a proper hash.")
    if killmail is None:
        return StubEntry(sequence, body, raw)
    if raw.hash != killmail_hash(killmail):
        return RefusedEntry(sequence, body, f"The killmail {raw.killmail_id} does not belong to its hash.")
    if killmail.killmail_time > now + MAX_CLOCK_SKEW:
        return RefusedEntry(sequence, body, f"The killmail {raw.killmail_id} lies more than a day in the future.")
    if killmail.killmail_time < GAME_LAUNCH:
        return RefusedEntry(sequence, body, f"The killmail {raw.killmail_id} is older than the game.")
    return KillmailEntry(sequence, body, killmail, raw.hash, raw.zkb)
