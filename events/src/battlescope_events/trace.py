"""W3C trace context, correlation id and event id of the current work."""

import re
import secrets
from contextvars import ContextVar
from dataclasses import dataclass, replace
from typing import Self

PLAIN_ID = re.compile(r"[A-Za-z0-9._:-]{1,100}")
"""Foreign ids go into logs, events and headers, so only those with harmless characters are kept."""
_TRACEPARENT = re.compile(r"00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})")


@dataclass(frozen=True, slots=True)
class Trace:
    """Ids that every published event and every log line carries."""

    trace_id: str
    span_id: str
    flags: str = "01"
    correlation_id: str | None = None
    event_id: str | None = None

    @classmethod
    def start(cls, traceparent: str | None = None, correlation_id: str | None = None) -> Self:
        """Continue the trace of a `traceparent`; start a new one where it is absent or malformed.

        A correlation id that is not plain is replaced by the trace id.
        """
        match = _TRACEPARENT.fullmatch(traceparent or "")
        trace_id, flags = (match[1], match[3]) if match else (secrets.token_hex(16), "01")
        if not PLAIN_ID.fullmatch(correlation_id or ""):
            correlation_id = trace_id
        return cls(trace_id, secrets.token_hex(8), flags, correlation_id)

    def of_event(self, event_id: str) -> "Trace":
        return replace(self, event_id=event_id)

    @property
    def traceparent(self) -> str:
        return f"00-{self.trace_id}-{self.span_id}-{self.flags}"


CURRENT: ContextVar[Trace | None] = ContextVar("battlescope_trace", default=None)


def current() -> Trace:
    """The trace of the current work; a new one where no event or request started it."""
    return CURRENT.get() or Trace.start()
