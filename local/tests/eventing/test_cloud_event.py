"""CloudEvents in HTTP and Kafka encodings."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from battlescope_local.eventing.cloud_event import (
    CloudEvent,
    NotACloudEvent,
    from_http,
    from_record,
    to_http,
    to_record,
)

EVENT = CloudEvent({"specversion": "1.0", "id": "1", "source": "s", "type": "t"}, b"data")
BINARY = {"ce-specversion": "1.0", "ce-id": "2", "ce-source": "s", "ce-type": "reply"}
TEXT = st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1, max_size=30)


@given(TEXT, TEXT, st.binary(max_size=50))
def test_event_survives_http_and_the_log(subject: str, key: str, data: bytes) -> None:
    content = {"datacontenttype": "application/json", "subject": subject, "partitionkey": key}
    event = CloudEvent({**EVENT.attributes, **content}, data)
    headers = to_http(event)
    assert all(" " <= char <= "~" for value in headers.values() for char in value)
    assert from_http(headers, data) == event
    assert from_record(to_record(event)) == event
    assert to_record(event).key == key.encode()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ce-id", ""),
        ("ce-specversion", "0.3"),
        ("ce-time", "yesterday"),
        ("ce-time", "2026-01-01T00:00:00"),
        ("ce-un_clean", "x"),
        ("ce-subject", "%00"),
        ("ce-subject", "\udc80"),
    ],
)
def test_invalid_event_is_rejected(name: str, value: str) -> None:
    with pytest.raises(NotACloudEvent):
        from_http({**BINARY, name: value}, b"")


@pytest.mark.parametrize(
    "body",
    [
        b"[]",
        b"nonsense",
        b"[" * 500_000,
        b'{"specversion": "1.0"}',
        b'{"specversion":"1.0","id":"1","source":"s","type":"t","nested":{}}',
        b'{"specversion":"1.0","id":"1","source":"s","type":"t","data_base64":"?"}',
    ],
)
def test_invalid_structured_event_is_rejected(body: bytes) -> None:
    with pytest.raises(NotACloudEvent):
        from_http({"Content-Type": "application/cloudevents+json; charset=utf-8"}, body)


@pytest.mark.parametrize(
    ("member", "data", "content_type"),
    [
        ('"data":{"a":[1,null]}', b'{"a":[1,null]}', "application/json"),
        ('"data":"text"', b'"text"', "application/json"),
        ('"datacontenttype":"text/plain","data":"text"', b"text", "text/plain"),
        ('"data_base64":"AAE="', b"\0\1", None),
        ('"comexampleflag":true', b"", None),
    ],
)
def test_structured_data_becomes_bytes(member: str, data: bytes, content_type: str | None) -> None:
    body = f'{{"specversion":"1.0","id":"1","source":"s","type":"t",{member}}}'
    event = from_http({"content-type": "application/cloudevents+json"}, body.encode())
    assert (event.data, event.attributes.get("datacontenttype")) == (data, content_type)
