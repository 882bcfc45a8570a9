"""Size of an event as a record of Kafka, and the limits of Knative's Broker that follow from it.

The Broker stores an event as one record: the data is the value, each attribute a header, the partition key the key. Its
producer compares the size before compression with `max.request.size`. Its ingress answers 503 to a larger event, as it
does while Kafka is down, so the sender cannot tell that no retry will succeed: a publisher checks the size itself.
"""

from collections.abc import Collection
from typing import Final

from battlescope_events.messages import Message

MAX_RECORD_BYTES: Final = 1_048_576
"""Knative's `max.request.size`. A topic accepts 1,048,588 bytes by default (`max.message.bytes`), which is more."""

MAX_EVENT_BYTES: Final = 1_000_000
"""The limit of publishers. The difference is for what Knative adds to an event on its way to the dead letters: up to
1,024 bytes of a response as base64, its reason, the subscriber's address, the position in the topic. A dead letter over
`MAX_RECORD_BYTES` would be lost."""

# Bytes of a batch with one record besides its fields: the batch's header, and the largest length, timestamp, offset and
# attributes of a record. Kafka's producer estimates with the largest ones.
_FRAMING: Final = 61 + 5 + 10 + 5 + 1
_NULL: Final = 1
_ONE_BYTE: Final = 64  # the first number that needs two bytes


def record_bytes(key: bytes | None, value: bytes, headers: Collection[tuple[str, bytes]]) -> int:
    """Bytes of a record with its framing, as Kafka's producer compares them with `max.request.size`.

    Names of headers must be ASCII, as those of CloudEvents are.
    """
    size = _FRAMING + (_NULL if key is None else _prefixed(len(key))) + _prefixed(len(value)) + _varint(len(headers))
    for name, content in headers:
        size += _prefixed(len(name)) + _prefixed(len(content))
    return size


def event_bytes(message: Message) -> int:
    """Bytes of the record as which the Broker would store a message."""
    partition_key = message.headers.get("ce-partitionkey")
    key = None if partition_key is None else partition_key.encode()
    # The names on Kafka, `ce_id` for `ce-id`, have the same length.
    return record_bytes(key, message.body, [(name, value.encode()) for name, value in message.headers.items()])


def _prefixed(length: int) -> int:
    """Bytes of a field with its length before it."""
    return length + (1 if length < _ONE_BYTE else _varint(length))


def _varint(number: int) -> int:
    """Bytes of a number from 0 in Kafka's variable-length encoding: seven bits a byte, one of them for the sign."""
    return max(1, (number.bit_length() + 7) // 7)
