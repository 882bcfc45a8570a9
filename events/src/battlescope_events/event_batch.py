"""A batch of events as one object: gzip of JSON lines, each line one CloudEvent in structured mode.

The same events give the same bytes, so the hash of the lines can name the object.
"""

from collections.abc import Iterable, Iterator, Mapping
from hashlib import sha256
from typing import Any, Final

from msgspec import DecodeError
from msgspec.json import Decoder, encode

from battlescope_events.errors import PermanentError
from battlescope_events.messages import Event, EventType, Message, read_parts
from battlescope_schemas.archive import MAX_BATCH_BYTES, compress_batch, decompress_batch

_PREFIX: Final = "ce-"
_REQUIRED: Final = frozenset({"id", "source", "specversion", "type"})
_LINE: Final = Decoder(dict[str, Any])
MAX_SIZE: Final = MAX_BATCH_BYTES


def encode_batch(messages: Iterable[Message]) -> tuple[str, bytes]:
    """The SHA-256 of the uncompressed lines in hex, and the compressed object."""
    lines = b"".join(_structured(message) for message in messages)
    return sha256(lines).hexdigest(), compress_batch(lines)


def decode_batch(body: bytes, accepts: Mapping[str, EventType[Any]]) -> Iterator[Event[Any]]:
    """The events of an object, in order.

    Raises:
        PermanentError: the object is no batch, or holds an event that is not accepted or does not match its type.
    """
    for line in _text(body).splitlines():
        attributes = _attributes(line)
        yield read_parts(attributes, attributes.pop("data", None), accepts)


def _structured(message: Message) -> bytes:
    attributes = {name.removeprefix(_PREFIX): value for name, value in message.headers.items() if name[:3] == _PREFIX}
    attributes["datacontenttype"] = message.headers["content-type"]
    return b'%b,"data":%b}\n' % (encode(attributes)[:-1], message.body)


def _attributes(line: bytes) -> dict[str, Any]:
    """The attributes of an event in structured mode, with its data: the SDK of CloudEvents takes ten times as long."""
    try:
        attributes = _LINE.decode(line)
    except DecodeError as error:
        raise PermanentError("A line of the batch is no JSON object.") from error
    if not attributes.keys() >= _REQUIRED:
        raise PermanentError("A line of the batch is no event.")
    return attributes


def _text(body: bytes) -> bytes:
    try:
        return decompress_batch(body, max_bytes=MAX_SIZE)
    except ValueError as error:
        raise PermanentError(str(error)) from error
