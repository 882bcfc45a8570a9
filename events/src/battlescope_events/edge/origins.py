"""Which web pages may call the API: those of the same host, and those of an explicit list."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from battlescope_events.edge.hosts import host_name

SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})  # RFC 9110: requests with them change nothing
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}


def origin_of(url: str) -> str | None:
    """The origin of a URL as browsers write it, without the default port; None if it has none."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    if parts.scheme not in _DEFAULT_PORTS or not parts.hostname:
        return None
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return f"{parts.scheme}://{host}" + ("" if port in {None, _DEFAULT_PORTS[parts.scheme]} else f":{port}")


@dataclass(frozen=True, slots=True)
class OriginPolicy:
    """Pages of `own` origins are served from the host of the API; those of `foreign` ones may call it too (CORS)."""

    own: frozenset[str] = frozenset()
    foreign: frozenset[str] = frozenset()

    def allows(self, url: str) -> bool:
        """Whether a page of this origin or URL may change something."""
        return origin_of(url) in self.own | self.foreign

    @property
    def own_hosts(self) -> frozenset[str]:
        """The names of the own origins, without ports."""
        return frozenset(map(host_name, self.own))

    def shares_with(self, origin: str) -> bool:
        """Whether scripts of another origin may read answers."""
        return origin in self.foreign


def origin_policy(own: Iterable[str], foreign: Iterable[str] = ()) -> OriginPolicy:
    """The policy of these origins.

    Raises:
        ValueError: one of them is no origin.
    """
    return OriginPolicy(frozenset(map(_checked, own)), frozenset(map(_checked, foreign)))


def _checked(text: str) -> str:
    origin = origin_of(text)
    if origin is None or origin != text.rstrip("/").lower():
        raise ValueError(f"{text} is no origin; write it like https://battlescope.example.com.")
    return origin
