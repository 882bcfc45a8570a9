"""Parses a feed file: an entry with or without a body, a placeholder, an unusable body, or a body to refuse."""

import json
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final, cast

import msgspec

from battlescope_schemas.foreign_text import storable
from battlescope_schemas.killmail import ArchivedKillmail, InvalidKillmail, KillmailStub, NotJson, read_entries
from ingest_poll.feed.feed_state import MAX_SEQUENCE, UnusableBody

_MAX_EXCERPT_BYTES: Final = 1_024
_MAX_REASON: Final = 500  # characters


@dataclass(frozen=True, slots=True)
class FeedFile:
    """One parsed feed file. It holds an entry, or is refused for a reason, or else is the feed's null placeholder.

    rewritten_sequence: an older file that the feed has rewritten.
    sequence: 0 for a killmail that is no file of the feed; `url` then says where it is from.
    """

    sequence: int
    body: bytes
    entry: ArchivedKillmail | KillmailStub | None = None
    refusal: str | None = None
    rewritten_sequence: int | None = None
    url: str | None = None

    @property
    def killmail(self) -> ArchivedKillmail | None:
        return self.entry if isinstance(self.entry, ArchivedKillmail) else None

    @property
    def is_stub(self) -> bool:
        """Whether the entry has id and hash only, so that ESI has to provide the body."""
        return isinstance(self.entry, KillmailStub)


class _Sequences(msgspec.Struct):
    sequence_id: Any = None
    sequence_updated: Any = None


_SEQUENCES: Final = msgspec.json.Decoder(_Sequences)


def parse_file(sequence: int, body: bytes, now: datetime) -> FeedFile | UnusableBody:
    """Parse the body that the feed returned for `sequence`."""
    sequences = _sequences(body)
    if sequences.sequence_id is not None and (type(sequences.sequence_id), sequences.sequence_id) != (int, sequence):
        stated = storable(str(sequences.sequence_id))[:40]
        return UnusableBody(f"The feed returns sequence {stated} instead of {sequence}.", body)
    rewritten = sequences.sequence_updated
    is_valid = type(rewritten) is int and 0 < rewritten <= MAX_SEQUENCE
    return _parse(sequence, body, now, rewritten if is_valid else None)


def complete_stub(stub: FeedFile, esi_body: bytes, now: datetime) -> FeedFile | UnusableBody:
    """The file with ESI's killmail inserted under `esi`, as the feed's complete files have it."""
    try:
        document = _object(stub.body) | {
            "killmail_id": stub.entry and stub.entry.killmail_id,
            "esi": json.loads(esi_body),
        }
    except (ValueError, RecursionError):
        return UnusableBody("ESI returns a body for this killmail that is not JSON.", stub.body)
    body = json.dumps(document, separators=(",", ":")).encode()
    file = _parse(stub.sequence, body, now, stub.rewritten_sequence)
    if isinstance(file, UnusableBody):
        return file
    if file.refusal is None and file.killmail is None:
        return refused(stub, "ESI returns a body for this killmail without a killmail.")
    return replace(file, url=stub.url)


def refused(file: FeedFile, reason: str) -> FeedFile:
    return replace(file, entry=None, refusal=reason)


def excerpt(body: bytes) -> str:
    """The first bytes of a body, at most 1 KiB of UTF-8."""
    text = storable(body[:_MAX_EXCERPT_BYTES].decode("utf-8", "replace"))
    return text.encode()[:_MAX_EXCERPT_BYTES].decode("utf-8", "ignore")


def _sequences(body: bytes) -> _Sequences:
    """None of both where the body is no object, which `read_entries` then refuses with a reason."""
    try:
        return _SEQUENCES.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _Sequences()


def _object(body: bytes) -> dict[str, Any]:
    """The body as an object; empty for the formats in which the entry is not the whole body."""
    document = json.loads(body)
    return cast("dict[str, Any]", document) if isinstance(document, dict) else {}


def _parse(sequence: int, body: bytes, now: datetime, rewritten_sequence: int | None) -> FeedFile | UnusableBody:
    try:
        entries = read_entries(body, now=now)
    except NotJson as error:
        return UnusableBody(
            f"The feed returns a body that is not a whole file. {storable(str(error))}"[:_MAX_REASON], body
        )
    except InvalidKillmail as error:
        return FeedFile(sequence, body, None, storable(str(error))[:_MAX_REASON], rewritten_sequence)
    if len(entries) > 1:
        reason = f"The file holds {len(entries)} killmails instead of one."
        return FeedFile(sequence, body, None, reason, rewritten_sequence)
    return FeedFile(sequence, body, entries[0] if entries else None, None, rewritten_sequence)
