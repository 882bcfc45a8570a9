"""What may go wrong while an event is handled, and what the sender is told to do about it.

| raised | answer | Knative's Kafka dispatcher |
|---|---|---|
| `PermanentError` | 422 with `Kne-Reason` | dead letter at once |
| `TransientError` | 503 with `Kne-Reason` | retries, then dead letter |
| anything else | 500 | retries, then dead letter |

404 and 409 are never answered to an event: the dispatcher retries them although nothing would change.
"""


class PermanentError(Exception):  # named as an outcome
    """The same event would fail the same way again; the text says why in one sentence."""


class TransientError(Exception):  # named as an outcome
    """Something this function needs does not answer now; the text names it."""


STATUS: dict[type[Exception], int] = {PermanentError: 422, TransientError: 503}
_LONGEST_REASON = 500  # headers share 8 KiB with everything else on their way through proxies


def reason_header(text: str) -> str:
    """A reason as a header value: one line of printable ASCII."""
    line = " ".join(text.split())
    return line.encode("ascii", "replace").decode()[:_LONGEST_REASON]
