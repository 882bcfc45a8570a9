"""What a delivery comes to, decided without I/O: retry, reply, done or dead letter, exactly as Knative's Kafka Broker.

Its data plane never waits longer or shorter than the formula (no jitter, no cap), ignores `Retry-After`, and treats a
2xx whose body is not a CloudEvent as a failure that is not retried.
"""

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass

from battlescope_local.eventing.cloud_event import CloudEvent, NotACloudEvent, from_http
from battlescope_local.http_client import Answer
from battlescope_local.manifests.model import Delivery

# The retry table of Knative's senders; every status from 500 up is retried too.
RETRIED = frozenset({404, 408, 409, 429})
SERVER_ERROR = 500
# Bytes of the answer's body that a dead letter keeps (KN_ERROR_DATA_MAX_BYTES).
ERROR_DATA_BYTES = 1024
ERROR_HEADER_PREFIX = "kne-"


@dataclass(frozen=True, slots=True)
class NoAnswer:
    """The subscriber could not be reached, or was silent for the delivery's timeout."""

    reason: str


@dataclass(frozen=True, slots=True)
class Done:
    """Delivered; `reply` is to be published to the same Broker."""

    reply: CloudEvent | None = None


@dataclass(frozen=True, slots=True)
class Failed:
    """Not delivered; `extensions` tell the dead letter's reader why."""

    extensions: Mapping[str, str]
    retried: bool
    reason: str


def judge(answer: Answer | NoAnswer) -> Done | Failed:
    if isinstance(answer, NoAnswer):
        return Failed({}, retried=True, reason=answer.reason)
    if is_success(answer.status):
        return _judge_success(answer)
    return Failed(_error_extensions(answer), retried=is_retried(answer.status), reason=f"status {answer.status}")


def is_success(status: int) -> bool:
    return 200 <= status < 300  # noqa: PLR2004 -- the definition of 2xx


def is_retried(status: int) -> bool:
    return status in RETRIED or status >= SERVER_ERROR


def _judge_success(answer: Answer) -> Done | Failed:
    try:
        return Done(from_http(answer.headers, answer.body))
    except NotACloudEvent:
        if not answer.body:
            return Done()
    # The absent error code is the signature by which such dead letters are known.
    return Failed({}, retried=False, reason=f"status {answer.status} with a body that is not a CloudEvent")


def _error_extensions(answer: Answer) -> dict[str, str]:
    extensions = {"knativeerrorcode": str(answer.status)}
    for name, value in answer.headers.items():
        if name.lower().startswith(ERROR_HEADER_PREFIX) and (extension := _extension_name(name)):
            extensions[extension] = value
    if answer.body:
        extensions["knativeerrordata"] = b64encode(answer.body[:ERROR_DATA_BYTES]).decode()
    return extensions


def _extension_name(header: str) -> str:
    """`Kne-Reason` → `reason`; what attribute names may not hold is left out."""
    return "".join(char for char in header[len(ERROR_HEADER_PREFIX) :].lower() if char.isascii() and char.isalnum())


def backoff(delivery: Delivery, retry: int) -> float:
    """Seconds to wait before retry number `retry`, counted from 1."""
    match delivery.backoff_policy:
        case "exponential":
            return delivery.backoff_delay * 2**retry
        case "linear":
            return delivery.backoff_delay * retry


def dead_letter(event: CloudEvent, target: str, failed: Failed) -> CloudEvent:
    return event.extended({"knativeerrordest": target, **failed.extensions})
