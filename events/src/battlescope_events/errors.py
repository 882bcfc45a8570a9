"""Errors of event processing, and the response that each becomes.

| raised | response | Knative's Kafka dispatcher |
|---|---|---|
| `PermanentError` | 422 with `Kne-Reason` | dead letter at once |
| `TransientError` | 503 with `Kne-Reason` | retries, then dead letter |
| anything else | 500 | retries, then dead letter |

No function responds 404 or 409 to an event: the dispatcher would retry although nothing changes.
"""


class PermanentError(Exception):
    """The same event would fail in the same way again. The message is one sentence with the reason."""


class TransientError(Exception):
    """A dependency of the function does not answer now. The message names it."""


class OverloadedError(TransientError):
    """More requests wait than the function can answer in time."""


_LONGEST_REASON = 500  # characters; proxies limit all headers together to 8 KiB


def status_of(error: PermanentError | TransientError) -> int:
    """The status of the response to an event whose processing ended with this error."""
    return 422 if isinstance(error, PermanentError) else 503


def reason_header(text: str) -> str:
    """The text as a header value: one line of printable ASCII."""
    line = " ".join(text.split())
    return line.encode("ascii", "replace").decode()[:_LONGEST_REASON]
