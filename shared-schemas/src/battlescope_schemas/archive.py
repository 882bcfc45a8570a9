"""The archive of raw killmails in object storage: bundles, and the key of each killmail.

A bundle is an object with one gzip member per killmail, each followed by a member that holds a line feed. One PUT
stores a batch, one ranged GET returns a single killmail byte for byte, and `zcat` of a bundle prints one killmail per
line. Bundles are immutable; their name ends in the hash of their content.

A batch is an object behind a claim check: gzip of lines, each one record.

ISA-L reads gzip in half of zlib's time, and writes what is read once or twice in a third of it.
"""

import re
import zlib
from collections.abc import Callable, Collection, Iterable
from datetime import date
from hashlib import sha256
from typing import Any, Final, NamedTuple, Self

from isal import isal_zlib

_ISA_L: Final[Any] = isal_zlib  # its stubs leave the types of arguments open
_Damaged: Final[type[Exception]] = _ISA_L.error
# For objects that are written once and read once or twice. Of ISA-L; its output is as small as that of zlib's level 2.
FAST_LEVEL: Final = 1
DEFAULT_LEVEL: Final = 6  # of zlib, for what is kept and written calmly: a twentieth smaller
MAX_BATCH_BYTES: Final = 64 * 1024 * 1024
"""After decompression; a batch of 3,000 enriched killmails has some 15 MB. A pod that reads batches has 256 MiB."""
MAX_KILLMAIL_BYTES: Final = 16 * 1024 * 1024
"""Of one raw killmail, which sources refuse above it; the largest known ones have a few MB."""
_GZIP: Final = 31  # zlib's wbits for a window of 32 KiB in a gzip frame
_MAGIC: Final = b"\x1f\x8b"
LINE_FEED = zlib.compress(b"\n", wbits=_GZIP)


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


def make_bundle(
    day: date, killmails: Iterable[bytes], *, prefix: str = "raw-killmails", level: int = DEFAULT_LEVEL
) -> Bundle:
    """The raw killmails of one UTC day as one object, `{prefix}/yyyy/mm/dd/{content hash}.jsonl.gz`.

    level: `FAST_LEVEL`, as backfill uses it, or a level of zlib.
    """
    compress: Callable[[bytes, int, int], bytes] = _ISA_L.compress if level == FAST_LEVEL else zlib.compress
    parts: list[bytes] = []
    spans: list[tuple[int, int]] = []
    offset = 0
    for killmail in killmails:
        member = compress(killmail, level, _GZIP)
        spans.append((offset, len(member)))
        parts += (member, LINE_FEED)
        offset += len(member) + len(LINE_FEED)
    body = b"".join(parts)
    object_key = f"{prefix}/{day:%Y/%m/%d}/{sha256(body).hexdigest()[:32]}.jsonl.gz"
    return Bundle(object_key, body, tuple(ArchiveKey(object_key, *span) for span in spans))


def read_member(member: bytes, *, max_bytes: int = MAX_KILLMAIL_BYTES) -> bytes:
    """The raw killmail in one gzip member, byte for byte.

    Raises:
        OSError: the bytes are not one complete gzip member, or its killmail is longer than `max_bytes`.
    """
    try:
        killmail = _decompress(member, max_bytes)
    except _Damaged as error:
        raise OSError(f"The bytes are not one complete gzip member: {error}.") from error
    if killmail is None:
        raise OSError(f"The gzip member ends early or holds more than {max_bytes} bytes.")
    return killmail


class BatchWriter:
    """Compresses lines into the content of one batch. It holds no time, so equal lines give equal bytes."""

    def __init__(self) -> None:
        self._gzip = _ISA_L.compressobj(FAST_LEVEL, zlib.DEFLATED, _GZIP)
        self._parts: list[bytes] = []
        self.count = 0

    def add(self, lines: Collection[bytes]) -> None:
        """Add lines, each without its line feed."""
        self._parts.append(self._gzip.compress(b"\n".join([*lines, b""])))
        self.count += len(lines)

    def finish(self) -> bytes:
        self._parts.append(self._gzip.flush())
        return b"".join(self._parts)


def compress_batch(text: bytes) -> bytes:
    """The content of a batch with this text, in which each line ends in a line feed."""
    return _ISA_L.compress(text, FAST_LEVEL, _GZIP)


def decompress_batch(content: bytes, *, max_bytes: int = MAX_BATCH_BYTES) -> bytes:
    """The text of a batch.

    Raises:
        ValueError: the content is not one whole gzip frame, or its text is longer than `max_bytes`.
    """
    if not content.startswith(_MAGIC):
        raise ValueError("The batch is not gzip.")
    try:
        text = _decompress(content, max_bytes)
    except _Damaged as error:
        raise ValueError(f"The batch is damaged: {error}.") from error
    if text is None:
        raise ValueError(f"The batch ends early or holds more than {max_bytes} bytes.")
    return text


def _decompress(content: bytes, max_bytes: int) -> bytes | None:
    """The text of a gzip frame; None where it does not end within the content and `max_bytes`."""
    reader = _ISA_L.decompressobj(_GZIP)
    text: bytes = reader.decompress(content, max_bytes)
    return text if reader.eof else None
