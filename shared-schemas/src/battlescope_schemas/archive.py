"""The archive of raw killmails in object storage: bundles, and the key of each killmail.

A bundle is an object with one gzip member per killmail, each followed by a member that holds a line feed. One PUT
stores a batch, one ranged GET returns a single killmail byte for byte, and `zcat` of a bundle prints one killmail per
line. Bundles are immutable; their name ends in the hash of their content.
"""

import gzip
import re
from collections.abc import Iterable
from datetime import date
from hashlib import sha256
from typing import NamedTuple, Self

LINE_FEED = gzip.compress(b"\n", mtime=0)  # mtime=0: the same batch gives the same bytes


class ArchiveKey(NamedTuple):
    """The key of one killmail: object key, first byte and length in bytes; as text `object#offset+length`."""

    object_key: str
    offset: int
    length: int

    def __str__(self) -> str:
        return f"{self.object_key}#{self.offset}+{self.length}"

    @property
    def http_range(self) -> str:
        """Value of the `Range` header for the gzip member of this killmail."""
        return f"bytes={self.offset}-{self.offset + self.length - 1}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Parse the text form.

        Raises:
            ValueError: the text is no archive key.
        """
        match = re.fullmatch(r"([^#]+)#(\d+)\+(\d+)", text)
        if match is None:
            raise ValueError(f"{text!r} is no archive key of the form object#offset+length.")
        return cls(match[1], int(match[2]), int(match[3]))


class Bundle(NamedTuple):
    """A bundle: its object key, its bytes, and the key of each killmail in the order of the input."""

    object_key: str
    body: bytes
    keys: tuple[ArchiveKey, ...]


def make_bundle(day: date, killmails: Iterable[bytes], *, prefix: str = "raw-killmails", level: int = 6) -> Bundle:
    """The raw killmails of one UTC day as one object, `{prefix}/yyyy/mm/dd/{content hash}.jsonl.gz`.

    level: compression level of gzip. Backfill uses a lower one: a fifth larger and four times as fast.
    """
    parts: list[bytes] = []
    spans: list[tuple[int, int]] = []
    offset = 0
    for killmail in killmails:
        member = gzip.compress(killmail, compresslevel=level, mtime=0)
        spans.append((offset, len(member)))
        parts += (member, LINE_FEED)
        offset += len(member) + len(LINE_FEED)
    body = b"".join(parts)
    object_key = f"{prefix}/{day:%Y/%m/%d}/{sha256(body).hexdigest()[:32]}.jsonl.gz"
    return Bundle(object_key, body, tuple(ArchiveKey(object_key, *span) for span in spans))


def read_member(member: bytes) -> bytes:
    """The raw killmail in one gzip member, byte for byte.

    Raises:
        OSError, EOFError: the bytes are not one complete gzip member.
    """
    return gzip.decompress(member)
