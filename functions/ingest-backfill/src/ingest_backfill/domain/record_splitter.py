"""Splits files of many killmails into the raw text of each, without reserializing it.

A parsed number may be written back with other digits, and the archive must hold the source's own bytes.
"""

import tarfile
import zlib
from collections.abc import Iterable, Iterator
from json import JSONDecoder
from typing import IO, Any, Final

from battlescope_schemas.archive import MAX_KILLMAIL_BYTES

_DECODER: Final = JSONDecoder()
_GZIP: Final = 31  # zlib's `wbits` for gzip format
_GZIP_MAGIC: Final = b"\x1f\x8b"
_WHITESPACE: Final = " \t\r\n"
MAX_RECORD_BYTES: Final = MAX_KILLMAIL_BYTES  # as of the live feed; what is longer is cut, and so no killmail
MAX_UNPACKED_BYTES: Final = 8 * 1024 * 1024  # per decompression step, whatever the compressed data expands to


class MalformedRecords(ValueError):
    """The file is truncated, or not in the expected format."""


def split_tar(archive: IO[bytes]) -> Iterator[bytes]:
    """The content of every `.json` file in a `.tar.bz2`, read sequentially."""
    try:
        with tarfile.open(fileobj=archive, mode="r|bz2") as files:
            for member in files:
                if member.name.endswith(".json") and (content := files.extractfile(member)):
                    yield content.read(MAX_RECORD_BYTES)
    except (tarfile.TarError, EOFError, OSError) as error:
        raise MalformedRecords(f"The archive is not a complete .tar.bz2: {error}.") from error


def split_json_object(pieces: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Key and raw text of each member of a large JSON object that arrives in pieces."""
    text, index, is_open, is_closed = "", 0, False, False
    for piece in pieces:
        text, index = text[index:] + piece, 0
        if len(text) > MAX_RECORD_BYTES + len(piece):
            raise MalformedRecords(f"A member of the JSON object is longer than {MAX_RECORD_BYTES} characters.")
        if not is_open:
            index = _skip_whitespace(text, 0)
            if text[index : index + 1] != "{":
                raise MalformedRecords("The text is not a JSON object.")
            index, is_open = index + 1, True
        while (member := _next_member(text, index)) is not None:
            yield member[0], member[1]
            index = member[2]
        is_closed = text[_skip_whitespace(text, index) :].strip(_WHITESPACE) == "}"
    if not is_closed:
        raise MalformedRecords("The JSON object is truncated.")


def _next_member(text: str, index: int) -> tuple[str, str, int] | None:
    """Key, raw text and end of the next member, if `text` holds it completely."""
    index = _skip_whitespace(text, index)
    if text[index : index + 1] == ",":
        index = _skip_whitespace(text, index + 1)
    if text[index : index + 1] != '"':
        return None
    try:
        key, index = _DECODER.raw_decode(text, index)
        start = _skip_whitespace(text, _skip_whitespace(text, index) + 1)
        _, end = _DECODER.raw_decode(text, start)
    except (ValueError, IndexError, RecursionError):
        return None
    return (key, text[start:end], end) if text[start : start + 1] == "{" else None


def _skip_whitespace(text: str, index: int) -> int:
    while index < len(text) and text[index] in _WHITESPACE:
        index += 1
    return index


class LineSplitter:
    """Lines of a text that arrives in pieces, plain or gzip; a gzip file may have many members."""

    def __init__(self) -> None:
        self._decompressor: Any = None  # zlib exports no type for it
        self._is_gzip: bool | None = None
        self._incomplete_line = b""

    def feed(self, piece: bytes) -> Iterator[list[bytes]]:
        """The lines that the piece completes."""
        if self._is_gzip is None:
            self._is_gzip = piece.startswith(_GZIP_MAGIC)
        for text in self._decompressed(piece) if self._is_gzip else (piece,):
            *lines, self._incomplete_line = (self._incomplete_line + text).split(b"\n")
            if len(self._incomplete_line) > MAX_RECORD_BYTES:
                raise MalformedRecords(f"A line is longer than {MAX_RECORD_BYTES} bytes.")
            yield [line for line in lines if line.strip()]

    def finish(self) -> list[bytes]:
        """The last line, if no line feed ended it."""
        if self._decompressor is not None and not self._decompressor.eof:
            raise MalformedRecords("The gzip object is truncated.")
        return [self._incomplete_line] if self._incomplete_line.strip() else []

    def _decompressed(self, piece: bytes) -> Iterator[bytes]:
        while piece:
            if self._decompressor is None or self._decompressor.eof:
                self._decompressor = zlib.decompressobj(_GZIP)
            try:
                yield self._decompressor.decompress(piece, MAX_UNPACKED_BYTES)
            except zlib.error as error:
                raise MalformedRecords(f"The object is not valid gzip: {error}.") from error
            piece = self._decompressor.unused_data or self._decompressor.unconsumed_tail
