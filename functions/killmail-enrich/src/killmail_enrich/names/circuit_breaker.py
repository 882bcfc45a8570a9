"""A circuit breaker: after failures in a row nobody is asked for a while, then one may try."""

from dataclasses import dataclass
from typing import Final

FAILURES_TO_OPEN: Final = 5
OPEN_SECONDS: Final = 30.0
SUCCESSES_TO_CLOSE: Final = 2  # one good answer may be luck


@dataclass(slots=True)
class CircuitBreaker:
    """Closed while `opened_at` is None; half open from half a minute after it. Time is the caller's."""

    failures: int = 0
    successes: int = 0
    opened_at: float | None = None
    trying: bool = False

    def allows(self, now: float) -> bool:
        """Whether to ask. Half open, only one question is under way at a time; whoever asks must tell how it went."""
        if self.opened_at is None:
            return True
        if self.trying or now - self.opened_at < OPEN_SECONDS:
            return False
        self.trying = True
        return True

    def succeeded(self) -> None:
        self.failures = 0
        self.trying = False
        if self.opened_at is None:
            return
        self.successes += 1
        if self.successes >= SUCCESSES_TO_CLOSE:
            self.opened_at, self.successes = None, 0

    def failed(self, now: float) -> None:
        self.failures += 1
        self.trying = False
        self.successes = 0
        if self.opened_at is not None or self.failures >= FAILURES_TO_OPEN:
            self.opened_at = now
