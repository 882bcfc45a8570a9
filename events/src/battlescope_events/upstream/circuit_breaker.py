"""A circuit breaker: after several failures in a row it blocks requests for a while, then it allows one as a probe."""

from dataclasses import dataclass
from typing import Final

FAILURES_TO_OPEN: Final = 5
OPEN_SECONDS: Final = 30.0
SUCCESSES_TO_CLOSE: Final = 2  # a single success may be luck


@dataclass(slots=True)
class CircuitBreaker:
    """Closed while `opened_at` is None, half open from `OPEN_SECONDS` after it. The caller passes the time."""

    failures: int = 0
    successes: int = 0
    opened_at: float | None = None
    probing: bool = False

    def allows_request(self, now: float) -> bool:
        """Half open, it allows one request at a time. The caller of an allowed request records its outcome and end."""
        if self.opened_at is None:
            return True
        if self.probing or now - self.opened_at < OPEN_SECONDS:
            return False
        self.probing = True
        return True

    def seconds_open(self, now: float) -> float:
        """Seconds until the next probe."""
        return 0.0 if self.opened_at is None else max(0.0, self.opened_at + OPEN_SECONDS - now)

    def record_success(self) -> None:
        self.failures = 0
        self.probing = False
        if self.opened_at is None:
            return
        self.successes += 1
        if self.successes >= SUCCESSES_TO_CLOSE:
            self.opened_at, self.successes = None, 0

    def record_failure(self, now: float) -> None:
        self.failures += 1
        self.probing = False
        self.successes = 0
        if self.opened_at is not None or self.failures >= FAILURES_TO_OPEN:
            self.opened_at = now

    def end_request(self) -> None:
        """The request ended, perhaps without an outcome, as after a cancellation; the next one may probe."""
        self.probing = False
