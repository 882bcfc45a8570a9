"""Which flow the current work belongs to: W3C trace context, correlation and the event at hand."""

import re
import secrets
from contextvars import ContextVar
from dataclasses import dataclass, replace
from typing import Self

_TRACEPARENT = re.compile(r"00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})")


@dataclass(frozen=True, slots=True)
class Trace:
    """Ids that travel with every event and stand in every log line."""

    trace_id: str
    span_id: str
    flags: str = "01"
    correlation_id: str | None = None
    event_id: str | None = None

    @classmethod
    def start(cls, traceparent: str | None = None, correlation_id: str | None = None) -> Self:
        """Continue the trace of a `traceparent`, or begin one where it is absent or malformed."""
        match = _TRACEPARENT.fullmatch(traceparent or "")
        trace_id, flags = (match[1], match[3]) if match else (secrets.token_hex(16), "01")
        return cls(trace_id, secrets.token_hex(8), flags, correlation_id or trace_id)

    def of_event(self, event_id: str) -> "Trace":
        return replace(self, event_id=event_id)

    @property
    def traceparent(self) -> str:
        return f"00-{self.trace_id}-{self.span_id}-{self.flags}"


CURRENT: ContextVar[Trace | None] = ContextVar("battlescope_trace", default=None)


def current() -> Trace:
    """The trace at hand; a new one where work starts by itself."""
    return CURRENT.get() or Trace.start()
