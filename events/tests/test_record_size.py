"""Sizes of records, as Kafka's producer computes them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from battlescope_events.messages import Message
from battlescope_events.record_size import MAX_EVENT_BYTES, MAX_RECORD_BYTES, event_bytes, record_bytes

NAMES = st.text("abcdefghijklmnopqrstuvwxyz0123456789", min_size=1, max_size=30)


@pytest.mark.parametrize(
    ("value", "key", "headers", "expected"),
    [
        # Results of `AbstractRecords.estimateSizeInBytesUpperBound` of kafka-clients 3.9.0.
        (0, None, [], 85),
        (0, 63, [], 148),
        (63, None, [], 148),
        (64, None, [], 150),
        (8191, 5, [(4, 36)], 8324),
        (8192, 64, [(63, 64), (64, 8191)], 16733),
        (1_048_575, 300, [], 1_048_963),
    ],
)
def test_size_equals_that_of_kafkas_producer(
    value: int, key: int | None, headers: list[tuple[int, int]], expected: int
) -> None:
    fields = [("x" * name, b"x" * content) for name, content in headers]
    assert record_bytes(None if key is None else b"x" * key, b"x" * value, fields) == expected


@given(st.dictionaries(NAMES, st.text(max_size=40)), st.binary(max_size=200), st.none() | st.text(max_size=20))
def test_size_of_a_message_is_that_of_its_record(attributes: dict[str, str], body: bytes, key: str | None) -> None:
    headers = {f"ce-{name}": value for name, value in attributes.items() if name != "partitionkey"}
    if key is not None:
        headers["ce-partitionkey"] = key
    fields = [(name.replace("-", "_"), value.encode()) for name, value in headers.items()]
    assert event_bytes(Message(headers, body)) == record_bytes(None if key is None else key.encode(), body, fields)


def test_publishers_stay_below_the_broker_by_what_a_dead_letter_adds() -> None:
    """The base64 of 1,024 bytes, a reason of 500 characters, and a long address and position of the subscriber."""
    added = [
        ("ce_knativeerrordata", b"x" * 1368),
        ("ce_knativeerrordest", b"x" * 2048),
        ("ce_reason", b"x" * 500),
        ("ce_knativeerrorcode", b"503"),
        ("ce_knativekafkapartition", b"x" * 10),
        ("ce_knativekafkaoffset", b"x" * 20),
    ]
    assert MAX_EVENT_BYTES + record_bytes(None, b"", added) <= MAX_RECORD_BYTES
