"""The outcome of a delivery, as Knative's Kafka Broker decides it."""

from base64 import b64decode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from battlescope_local.eventing.cloud_event import (
    CloudEvent,
)
from battlescope_local.eventing.delivery import Delivered, Failed, NoResponse, backoff, evaluate, make_dead_letter
from battlescope_local.http_client import HttpResponse
from battlescope_local.manifests.model import Delivery

EVENT = CloudEvent({"specversion": "1.0", "id": "1", "source": "s", "type": "t"}, b"data")
BINARY = {"ce-specversion": "1.0", "ce-id": "2", "ce-source": "s", "ce-type": "reply"}


@pytest.mark.parametrize("status", [200, 202, 204])
def test_empty_success_is_delivered(status: int) -> None:
    assert evaluate(HttpResponse(status, {"content-type": "text/plain"})) == Delivered()


def test_success_can_carry_a_reply() -> None:
    outcome = evaluate(HttpResponse(200, BINARY, b"x"))
    assert isinstance(outcome, Delivered)
    assert outcome.reply is not None
    assert (outcome.reply.attributes["type"], outcome.reply.data) == ("reply", b"x")


def test_success_with_another_body_is_a_final_failure_without_code() -> None:
    outcome = evaluate(HttpResponse(200, {"content-type": "text/plain"}, b"OK"))
    assert isinstance(outcome, Failed)
    assert (outcome.retriable, dict(outcome.extensions)) == (False, {})


@given(st.integers(300, 599))
def test_only_retriable_statuses_are_retried(status: int) -> None:
    outcome = evaluate(HttpResponse(status, {}, b""))
    assert isinstance(outcome, Failed)
    assert outcome.retriable == (status in {404, 408, 409, 429} or status >= 500)
    assert outcome.extensions == {"knativeerrorcode": str(status)}


def test_missing_response_is_retried() -> None:
    outcome = evaluate(NoResponse("refused"))
    assert isinstance(outcome, Failed)
    assert outcome.retriable


@given(st.binary(min_size=1, max_size=3000))
def test_dead_letter_holds_the_event_and_the_start_of_the_response(body: bytes) -> None:
    failed = evaluate(HttpResponse(422, {"Kne-Reason": "why", "Kne-Not-A-Name": "x", "Other": "y"}, body))
    assert isinstance(failed, Failed)
    letter = make_dead_letter(EVENT, "http://one", failed)
    attributes = letter.attributes
    assert (attributes["id"], letter.data, attributes["knativeerrordest"]) == ("1", b"data", "http://one")
    assert (attributes["knativeerrorcode"], attributes["reason"], attributes["notaname"]) == ("422", "why", "x")
    assert b64decode(attributes["knativeerrordata"]) == body[:1024]
    assert "other" not in attributes


def test_first_exponential_retry_waits_twice_the_delay() -> None:
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
