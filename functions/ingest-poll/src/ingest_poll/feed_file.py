"""What a body from the feed holds: a killmail, nothing, something to ask for again, or something to refuse."""

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, cast

from battlescope_schemas.killmail import InvalidKillmail, Killmail, RawKillmail, Zkb, killmail_hash, read_raw
from ingest_poll.feed_state import Unusable

GAME_OPENED: Final = datetime(2003, 5, 6, tzinfo=UTC)  # what is older is an error, and would make monthly tables
FUTURE_ALLOWED: Final = timedelta(days=1)  # clocks differ; more than that is no clock
_EXCERPT_BYTES: Final = 1_024


@dataclass(frozen=True, slots=True)
class Mail:
    """A killmail that belongs to its hash, with the bytes that go to the archive."""

    sequence: int
    body: bytes
    killmail: Killmail
    hash: str
    zkb: Zkb


@dataclass(frozen=True, slots=True)
class Refusal:
    """A body that is no acceptable killmail, with the reason as a sentence."""

    sequence: int
    body: bytes
    reason: str


@dataclass(frozen=True, slots=True)
class Placeholder:
    """The feed's null entry: a number without a mail."""

    sequence: int


@dataclass(frozen=True, slots=True)
class StubEntry:
    """An entry that only points to its killmail; ESI has the rest."""

    sequence: int
    body: bytes
    raw: RawKillmail


Entry = Mail | Refusal | Placeholder | StubEntry


@dataclass(frozen=True, slots=True)
class File:
    """What one feed file said. `updated` names an older file that was rewritten."""

    entry: Entry
    updated: int | None = None


def read(sequence: int, body: bytes, now: datetime) -> File | Unusable:
    """Read the answer to the question for `sequence`."""
    if body.lstrip()[:1] == b"<":
        return Unusable("The feed answers with HTML instead of JSON.", body)
    envelope = _envelope(body)
    stated = envelope.get("sequence_id")
    if stated is not None and stated != sequence:
        return Unusable(f"The feed answers with sequence {clean(str(stated))[:40]} instead of {sequence}.", body)
    updated = envelope.get("sequence_updated")
    known = isinstance(updated, int) and not isinstance(updated, bool) and 0 < updated < 2**63
    return File(_entry(sequence, body, now), updated if known else None)


def completed(bodiless: StubEntry, esi: bytes, now: datetime) -> Mail | Refusal | Placeholder:
    """The entry with its killmail from ESI put where the feed's own files have it."""
    try:
        whole = _envelope(bodiless.body) | {"killmail_id": bodiless.raw.killmail_id, "esi": json.loads(esi)}
    except (ValueError, RecursionError):
        return Refusal(bodiless.sequence, esi, "ESI answers for this killmail with something else than JSON.")
    entry = _entry(bodiless.sequence, json.dumps(whole, separators=(",", ":")).encode(), now)
    if isinstance(entry, StubEntry):
        return Refusal(bodiless.sequence, bodiless.body, "ESI answers for this killmail without a killmail.")
    return entry


def clean(text: str) -> str:
    """Text as PostgreSQL and JSON take it: no NUL, no lone surrogates."""
    return text.encode("utf-8", "replace").decode().replace("\x00", "�")


def excerpt(body: bytes) -> str:
    """The beginning of a body, at most 1 KB of UTF-8."""
    text = clean(body[:_EXCERPT_BYTES].decode("utf-8", "replace"))
    return text.encode()[:_EXCERPT_BYTES].decode("utf-8", "ignore")


def _envelope(body: bytes) -> dict[str, Any]:
    """The body as an object; empty where it is none, which the reading of the mail will complain about."""
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return cast("dict[str, Any]", document) if isinstance(document, dict) else {}


def _entry(sequence: int, body: bytes, now: datetime) -> Entry:
    try:
        raws = read_raw(body)
    except (InvalidKillmail, OverflowError, RecursionError) as error:  # dates and nesting that nobody sends honestly
        return Refusal(sequence, body, clean(str(error))[:500])
    match raws:
        case ():
            return Placeholder(sequence)
        case (raw,):
            return _checked(sequence, body, raw, now)
        case _:
            return Refusal(sequence, body, f"The file holds {len(raws)} killmails instead of one.")


def _checked(sequence: int, body: bytes, raw: RawKillmail, now: datetime) -> Entry:
    killmail = raw.killmail
    if killmail is None and re.fullmatch("[0-9a-f]{40}", raw.hash) is None:
        return Refusal(sequence, body, f"The killmail {raw.killmail_id} has neither body nor a proper hash.")
    if killmail is None:
        return StubEntry(sequence, body, raw)
    if raw.hash != killmail_hash(killmail):
        return Refusal(sequence, body, f"The killmail {raw.killmail_id} does not belong to its hash.")
    if killmail.killmail_time > now + FUTURE_ALLOWED:
        return Refusal(sequence, body, f"The killmail {raw.killmail_id} lies more than a day in the future.")
    if killmail.killmail_time < GAME_OPENED:
        return Refusal(sequence, body, f"The killmail {raw.killmail_id} is older than the game.")
    return Mail(sequence, body, killmail, raw.hash, raw.zkb)
