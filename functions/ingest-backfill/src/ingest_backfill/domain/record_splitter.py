"""Texts of single mails out of larger ones, cut and never written anew.

A number that went through a parser may come back with other digits, and what is archived must be what the source had.
"""

import tarfile
import zlib
from collections.abc import Iterable, Iterator
from json import JSONDecoder
from typing import IO, Any, Final

_DECODER: Final = JSONDecoder()
_GZIP: Final = 31
_GZIP_MAGIC: Final = b"\x1f\x8b"
_SPACE: Final = " \t\r\n"
MAX_UNPACKED_BYTES: Final = 8 * 1024 * 1024  # bytes unpacked at once, whatever the packed ones promise


class MalformedRecords(ValueError):  # noqa: N818  # an outcome: the text ends early or is none
    """The text cannot be cut into mails."""


def split_tar(archive: IO[bytes]) -> Iterator[bytes]:
    """Every `.json` file of a `.tar.bz2`, read from its beginning to its end."""
    try:
        with tarfile.open(fileobj=archive, mode="r|bz2") as files:
            for member in files:
                if member.name.endswith(".json") and (content := files.extractfile(member)):
                    yield content.read()
    except (tarfile.TarError, EOFError, OSError) as error:
        raise MalformedRecords(f"The archive is no whole .tar.bz2: {error}.") from error


def split_json_object(pieces: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Key and text of each member of a large JSON object that comes in pieces."""
    text, at, begun, ended = "", 0, False, False
    for piece in pieces:
        text, at = text[at:] + piece, 0
        if not begun:
            at = _skip(text, 0)
            if text[at : at + 1] != "{":
                raise MalformedRecords("The text is no JSON object.")
            at, begun = at + 1, True
        while (found := _member(text, at)) is not None:
            yield found[0], found[1]
            at = found[2]
        ended = text[_skip(text, at) :].strip(_SPACE) == "}"
    if not ended:
        raise MalformedRecords("The JSON object ends early.")


def _member(text: str, at: int) -> tuple[str, str, int] | None:
    """The next member, if it lies there as a whole."""
    at = _skip(text, at)
    if text[at : at + 1] == ",":
        at = _skip(text, at + 1)
    if text[at : at + 1] != '"':
        return None
    try:
        key, at = _DECODER.raw_decode(text, at)
        begin = _skip(text, _skip(text, at) + 1)
        _, finish = _DECODER.raw_decode(text, begin)
    except (ValueError, IndexError):
        return None
    return (key, text[begin:finish], finish) if text[begin : begin + 1] == "{" else None


def _skip(text: str, at: int) -> int:
    while at < len(text) and text[at] in _SPACE:
        at += 1
    return at


class LineSplitter:
    """Lines of a text that comes in pieces, gzip or plain; many gzip members may follow each other."""

    def __init__(self) -> None:
        self._unpacker: Any = None  # zlib gives the type of its objects no public name
        self._packed: bool | None = None
        self._rest = b""

    def feed(self, piece: bytes) -> Iterator[list[bytes]]:
        """The whole lines that are there now."""
        if self._packed is None:
            self._packed = piece.startswith(_GZIP_MAGIC)
        for text in self._unpacked(piece) if self._packed else (piece,):
            *lines, self._rest = (self._rest + text).split(b"\n")
            yield [line for line in lines if line.strip()]

    def finish(self) -> list[bytes]:
        """The last line, if no line feed ended it."""
        if self._unpacker is not None and not self._unpacker.eof:
            raise MalformedRecords("The gzip object ends early.")
        return [self._rest] if self._rest.strip() else []

    def _unpacked(self, piece: bytes) -> Iterator[bytes]:
        while piece:
            if self._unpacker is None or self._unpacker.eof:
                self._unpacker = zlib.decompressobj(_GZIP)
            try:
                yield self._unpacker.decompress(piece, MAX_UNPACKED_BYTES)
            except zlib.error as error:
                raise MalformedRecords(f"The object is no gzip: {error}.") from error
            piece = self._unpacker.unused_data or self._unpacker.unconsumed_tail
