"""Where a raw killmail lies in object storage.

Raw mails are written in packs: objects of one gzip member per mail, each followed by a one-byte member holding
a line feed. So one PUT stores a batch, one ranged GET of one member gives a single mail back byte for byte, and
`zcat` of a whole pack prints one mail a line. Packs are immutable; their name ends in the hash of their content.
"""

import gzip
import re
from collections.abc import Iterable
from datetime import date
from hashlib import sha256
from typing import NamedTuple, Self

LINE_FEED = gzip.compress(b"\n", mtime=0)  # no clock in the bytes: the same batch is the same object


class ArchiveKey(NamedTuple):
    """The address of one mail: object key, first byte and length; written `object#offset+length`."""

    object_key: str
    offset: int
    length: int

    def __str__(self) -> str:
        return f"{self.object_key}#{self.offset}+{self.length}"

    @property
    def http_range(self) -> str:
        """Value of the `Range` header that fetches exactly this mail's gzip member."""
        return f"bytes={self.offset}-{self.offset + self.length - 1}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read the written form.

        Raises:
            ValueError: the text is no archive key.
        """
        match = re.fullmatch(r"([^#]+)#(\d+)\+(\d+)", text)
        if match is None:
            raise ValueError(f"{text!r} is no archive key of the form object#offset+length.")
        return cls(match[1], int(match[2]), int(match[3]))


class Pack(NamedTuple):
    """A finished pack: its object key, its bytes, and the key of each mail in the order given."""

    object_key: str
    body: bytes
    keys: tuple[ArchiveKey, ...]


def pack(day: date, mails: Iterable[bytes], *, prefix: str = "raw-killmails", level: int = 6) -> Pack:
    """The mails of one UTC day as one object, `{prefix}/yyyy/mm/dd/{content hash}.jsonl.gz`.

    level: how hard to compress; history in bulk takes less, for it is a fifth larger and four times as fast.
    """
    parts: list[bytes] = []
    spans: list[tuple[int, int]] = []
    offset = 0
    for mail in mails:
        member = gzip.compress(mail, compresslevel=level, mtime=0)
        spans.append((offset, len(member)))
        parts += (member, LINE_FEED)
        offset += len(member) + len(LINE_FEED)
    body = b"".join(parts)
    object_key = f"{prefix}/{day:%Y/%m/%d}/{sha256(body).hexdigest()[:32]}.jsonl.gz"
    return Pack(object_key, body, tuple(ArchiveKey(object_key, *span) for span in spans))


def unpack(member: bytes) -> bytes:
    """The raw mail in one member, as it came.

    Raises:
        OSError, EOFError: the bytes are not one whole gzip member.
    """
    return gzip.decompress(member)
