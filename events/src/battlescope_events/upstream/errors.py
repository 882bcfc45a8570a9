"""How a request to an upstream can fail without an answer."""

from datetime import datetime

from battlescope_events.errors import PermanentError, TransientError


class UpstreamUnavailable(TransientError):
    """The upstream gives no answer now."""


class UpstreamCoolingDown(UpstreamUnavailable):
    """No request may be sent before `until`."""

    def __init__(self, upstream: str, until: datetime, reason: str = "") -> None:
        super().__init__(
            f"{reason or f'{upstream} is cooling down.'} Next request not before {until:%Y-%m-%d %H:%M:%S} UTC."
        )
        self.upstream = upstream
        self.until = until


class ResponseTooLarge(PermanentError):
    """The upstream sends more than the maximum; the rest was not read."""
