"""Many events as one object (gzip NDJSON): each line a whole CloudEvent in structured mode, as anybody's library reads.

What says the same has the same bytes, so an object can be named by their hash.
"""

import json
import zlib
from collections.abc import Iterable, Iterator, Mapping
from hashlib import sha256
from typing import Any, Final

from cloudevents.exceptions import GenericException
from cloudevents.http import from_json  # pyright: ignore[reportUnknownVariableType]  # its hook is untyped

from battlescope_events.errors import PermanentError
from battlescope_events.messages import Event, EventType, Message, read

_LEVEL: Final = 1  # a fifth larger than level 6, at a quarter of its time; an object is read once or twice
_GZIP: Final = 31  # zlib's word for: 32 KiB window, in a gzip frame
_PREFIX: Final = "ce-"
LARGEST: Final = 256 * 1024 * 1024  # bytes unpacked, whatever the packed ones promise


def encode_batch(messages: Iterable[Message]) -> tuple[str, bytes]:
    """The hash of the lines, for their name, and the object."""
    lines = b"".join(_structured(message) for message in messages)
    writer = zlib.compressobj(_LEVEL, zlib.DEFLATED, _GZIP)
    return sha256(lines).hexdigest(), writer.compress(lines) + writer.flush()


def decode_batch(body: bytes, accepts: Mapping[str, EventType[Any]]) -> Iterator[Event[Any]]:
    """The events of an object, one after the other.

    Raises:
        PermanentError: it is no such object, or an event in it is not accepted or does not fit its type.
    """
    try:
        for line in _text(body).splitlines():
            yield read(from_json(line), accepts)
    except (GenericException, zlib.error) as error:
        raise PermanentError("The chunk is not gzip with one event a line.") from error


def _structured(message: Message) -> bytes:
    attributes = {name.removeprefix(_PREFIX): value for name, value in message.headers.items() if name[:3] == _PREFIX}
    attributes["datacontenttype"] = message.headers["content-type"]
    return b'%b,"data":%b}\n' % (json.dumps(attributes).encode()[:-1], message.body)


def _text(body: bytes) -> bytes:
    reader = zlib.decompressobj(_GZIP)
    text = reader.decompress(body, LARGEST)
    if not reader.eof:
        raise PermanentError(f"The chunk ends early or holds more than {LARGEST} bytes.")
    return text
