"""ESI's two limit systems as counters; the time is an argument."""

from collections import deque
from dataclasses import dataclass, field
from typing import Final

_MINUTE: Final = 60
_WINDOW: Final = 15 * 60
_TOKENS_BY_STATUS_CLASS: Final = {2: 2, 3: 1, 4: 5, 5: 0}  # tokens by the first digit of the status


@dataclass(slots=True)
class ErrorLimit:
    """The number of errors in a clock minute, shared by all routes without a token bucket."""

    minute: int = 0
    errors: int = 0

    def remaining(self, now: float, limit: int) -> int:
        if self.minute != int(now) // _MINUTE:
            self.minute, self.errors = int(now) // _MINUTE, 0
        return max(0, limit - self.errors)

    def headers(self, now: float, limit: int) -> dict[str, str]:
        reset = _MINUTE - int(now) % _MINUTE
        return {
            "X-ESI-Error-Limit-Remain": str(self.remaining(now, limit)),
            "X-ESI-Error-Limit-Reset": str(reset),
        }


@dataclass(slots=True)
class TokenBucket:
    """The tokens spent in a sliding window of 15 minutes."""

    group: str
    spent: deque[tuple[float, int]] = field(default_factory=deque[tuple[float, int]])

    def used(self, now: float) -> int:
        while self.spent and self.spent[0][0] <= now - _WINDOW:
            self.spent.popleft()
        return sum(tokens for _, tokens in self.spent)

    def spend(self, now: float, status: int) -> None:
        self.spent.append((now, _TOKENS_BY_STATUS_CLASS[status // 100]))

    def retry_after(self, now: float) -> int:
        return max(1, int(self.spent[0][0] + _WINDOW - now) + 1) if self.spent else 1

    def headers(self, now: float, limit: int) -> dict[str, str]:
        used = self.used(now)
        return {
            "X-Ratelimit-Group": self.group,
            "X-Ratelimit-Limit": f"{limit}/15m",
            "X-Ratelimit-Remaining": str(max(0, limit - used)),
            "X-Ratelimit-Used": str(used),
        }
