"""How many requests a caller may make in a minute. Limits of the requirements; each is counted by itself."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `requests` in any `seconds`, counted under `name`."""

    name: str
    requests: int
    seconds: int = 60


@dataclass(frozen=True, slots=True)
class Usage:
    """The state of a limit after a request.

    remaining: requests that are left now.
    reset: seconds until the oldest counted request leaves the window.
    """

    limit: Limit
    allowed: bool
    remaining: int
    reset: int

    @property
    def headers(self) -> dict[str, str]:
        return {
            "x-ratelimit-limit": str(self.limit.requests),
            "x-ratelimit-remaining": str(self.remaining),
            "x-ratelimit-reset": str(self.reset),
        }


ANONYMOUS: Final = Limit("anonymous", 100)
USER: Final = Limit("user", 500)
ADMIN: Final = Limit("admin", 50)
SEARCH_AUTOCOMPLETE: Final = Limit("search-autocomplete", 100)
SEARCH_GLOBAL: Final = Limit("search-global", 50)
SEARCH_ADVANCED: Final = Limit("search-advanced", 30)
PROFILE_READ: Final = Limit("profile-read", 10)
PROFILE_WRITE: Final = Limit("profile-write", 5)
PROFILE_REFRESH: Final = Limit("profile-refresh", 10)
SHARES: Final = Limit("shares", 60)
SHARE_WRITE: Final = Limit("share-write", 20)
MAX_STREAMS: Final = 5
"""Server-sent events and WebSockets that an account has open at once, whichever functions serve them."""
RATE_LIMIT_HEADERS: Final = ("X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset")
