"""Outcome of a delivery, decided without I/O as Knative's Kafka Broker decides it: delivered, retry or dead letter.

Its data plane waits exactly as long as the formula says (no jitter, no cap), ignores `Retry-After`, and treats a 2xx
response whose body is not a CloudEvent as a failure that is not retried.
"""

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass

from battlescope_local.eventing.cloud_event import CloudEvent, NotACloudEvent, from_http
from battlescope_local.http_client import HttpResponse
from battlescope_local.manifests.model import Delivery

# Statuses that Knative's senders retry, besides every status from 500.
RETRIED_STATUSES = frozenset({404, 408, 409, 429})
SERVER_ERROR = 500
# Bytes of the response's body that a dead letter holds (KN_ERROR_DATA_MAX_BYTES).
MAX_ERROR_DATA_BYTES = 1024
ERROR_HEADER_PREFIX = "kne-"


@dataclass(frozen=True, slots=True)
class NoResponse:
    """The subscriber was unreachable, or did not respond within the delivery's timeout."""

    reason: str


@dataclass(frozen=True, slots=True)
class Delivered:
    """The subscriber accepted the event; `reply` must be published to the same Broker."""

    reply: CloudEvent | None = None


@dataclass(frozen=True, slots=True)
class Failed:
    """The event was not delivered; `extensions` add the cause to the dead letter."""

    extensions: Mapping[str, str]
    retriable: bool
    reason: str


def evaluate(response: HttpResponse | NoResponse) -> Delivered | Failed:
    if isinstance(response, NoResponse):
        return Failed({}, retriable=True, reason=response.reason)
    if is_success(response.status):
        return _evaluate_success(response)
    return Failed(
        _error_extensions(response), retriable=is_retriable(response.status), reason=f"status {response.status}"
    )


def is_success(status: int) -> bool:
    return 200 <= status < 300  # noqa: PLR2004  # the definition of 2xx


def is_retriable(status: int) -> bool:
    return status in RETRIED_STATUSES or status >= SERVER_ERROR


def _evaluate_success(response: HttpResponse) -> Delivered | Failed:
    try:
        return Delivered(from_http(response.headers, response.body))
    except NotACloudEvent:
        if not response.body:
            return Delivered()
    # Such dead letters have no error code, as with Knative.
    return Failed({}, retriable=False, reason=f"status {response.status} with a body that is not a CloudEvent")


def _error_extensions(response: HttpResponse) -> dict[str, str]:
    extensions = {"knativeerrorcode": str(response.status)}
    for name, value in response.headers.items():
        if name.lower().startswith(ERROR_HEADER_PREFIX) and (extension := _extension_name(name)):
            extensions[extension] = value
    if response.body:
        extensions["knativeerrordata"] = b64encode(response.body[:MAX_ERROR_DATA_BYTES]).decode()
    return extensions


def _extension_name(header: str) -> str:
    """`Kne-Reason` becomes `reason`; characters that attribute names cannot contain are removed."""
    return "".join(char for char in header[len(ERROR_HEADER_PREFIX) :].lower() if char.isascii() and char.isalnum())


def backoff(delivery: Delivery, retry: int) -> float:
    """Seconds to wait before retry number `retry`, counted from 1."""
    match delivery.backoff_policy:
        case "exponential":
            return delivery.backoff_delay * 2**retry
        case "linear":
            return delivery.backoff_delay * retry


def make_dead_letter(event: CloudEvent, target: str, failed: Failed) -> CloudEvent:
    return event.with_extensions({"knativeerrordest": target, **failed.extensions})
