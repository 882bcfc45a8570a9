from base64 import b64decode

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
from battlescope_local.eventing.delivery import Delivered, Failed, NoResponse, backoff, evaluate, make_dead_letter
from battlescope_local.http_client import HttpResponse
from battlescope_local.log.offsets import OffsetTracker
from battlescope_local.manifests.model import Delivery

EVENT = CloudEvent({"specversion": "1.0", "id": "1", "source": "s", "type": "t"}, b"data")
BINARY = {"ce-specversion": "1.0", "ce-id": "2", "ce-source": "s", "ce-type": "reply"}
TEXT = st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1, max_size=30)


@pytest.mark.parametrize("status", [200, 202, 204])
def test_success_is_empty(status: int) -> None:
    assert evaluate(HttpResponse(status, {"content-type": "text/plain"})) == Delivered()


def test_success_may_be_an_event() -> None:
    outcome = evaluate(HttpResponse(200, BINARY, b"x"))
    assert isinstance(outcome, Delivered)
    assert outcome.reply is not None
    assert (outcome.reply.attributes["type"], outcome.reply.data) == ("reply", b"x")


def test_success_with_another_body_fails_for_good_and_without_code() -> None:
    outcome = evaluate(HttpResponse(200, {"content-type": "text/plain"}, b"OK"))
    assert isinstance(outcome, Failed)
    assert (outcome.retriable, dict(outcome.extensions)) == (False, {})


@given(st.integers(300, 599))
def test_only_the_table_is_retried(status: int) -> None:
    outcome = evaluate(HttpResponse(status, {}, b""))
    assert isinstance(outcome, Failed)
    assert outcome.retriable == (status in {404, 408, 409, 429} or status >= 500)
    assert outcome.extensions == {"knativeerrorcode": str(status)}


def test_silence_is_retried() -> None:
    outcome = evaluate(NoResponse("refused"))
    assert isinstance(outcome, Failed)
    assert outcome.retriable


@given(st.binary(min_size=1, max_size=3000))
def test_a_dead_letter_keeps_the_event_and_the_beginning_of_the_answer(body: bytes) -> None:
    failed = evaluate(HttpResponse(422, {"Kne-Reason": "why", "Kne-Not-A-Name": "x", "Other": "y"}, body))
    assert isinstance(failed, Failed)
    letter = make_dead_letter(EVENT, "http://one", failed)
    said = letter.attributes
    assert (said["id"], letter.data, said["knativeerrordest"]) == ("1", b"data", "http://one")
    assert (said["knativeerrorcode"], said["reason"], said["notaname"]) == ("422", "why", "x")
    assert b64decode(said["knativeerrordata"]) == body[:1024]
    assert "other" not in said


def test_the_first_exponential_retry_already_waits_twice_the_delay() -> None:
    delivery = Delivery(backoff_policy="exponential", backoff_delay=0.5)
    assert [backoff(delivery, retry) for retry in range(1, 6)] == [1, 2, 4, 8, 16]


@given(st.floats(0.001, 60), st.integers(1, 20))
def test_linear_backoff_grows_by_the_delay(delay: float, retry: int) -> None:
    delivery = Delivery(backoff_policy="linear", backoff_delay=delay)
    assert backoff(delivery, retry) == pytest.approx(delay * retry)


@given(st.floats(0.001, 60), st.integers(1, 20))
def test_exponential_backoff_doubles(delay: float, retry: int) -> None:
    delivery = Delivery(backoff_policy="exponential", backoff_delay=delay)
    assert backoff(delivery, retry + 1) == pytest.approx(2 * backoff(delivery, retry))


@given(TEXT, TEXT, st.binary(max_size=50))
def test_an_event_survives_http_and_the_log(subject: str, key: str, data: bytes) -> None:
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
def test_what_is_no_event_is_refused(name: str, value: str) -> None:
    with pytest.raises(NotACloudEvent):
        from_http({**BINARY, name: value}, b"")


@pytest.mark.parametrize(
    "body",
    [
        b"[]",
        b"nonsense",
        b'{"specversion": "1.0"}',
        b'{"specversion":"1.0","id":"1","source":"s","type":"t","nested":{}}',
        b'{"specversion":"1.0","id":"1","source":"s","type":"t","data_base64":"?"}',
    ],
)
def test_a_broken_structured_event_is_refused(body: bytes) -> None:
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


def test_an_offset_waits_for_everything_before_it() -> None:
    offsets = OffsetTracker({0: 7})
    for offset in (7, 8, 12):
        offsets.begin(0, offset)
    offsets.finish(0, 8)
    assert offsets.uncommitted() == {}
    offsets.finish(0, 7)
    assert offsets.uncommitted() == {0: 12}
    offsets.finish(0, 12)
    offsets.mark_committed({0: 12})
    assert offsets.uncommitted() == {0: 13}


@given(st.permutations(range(8)), st.integers(0, 8))
def test_no_unfinished_offset_is_ever_committed(order: list[int], finished: int) -> None:
    offsets = OffsetTracker({0: 0})
    for offset in range(8):
        offsets.begin(0, offset)
    for offset in order[:finished]:
        offsets.finish(0, offset)
    unfinished = order[finished:]
    assert offsets.uncommitted().get(0, 0) == min(unfinished, default=8)
    assert offsets.lag({0: 10}) == len(unfinished) + 2
