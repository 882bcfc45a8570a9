"""A resource in every coding in which it can be sent."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Representation:
    """`encoded` is the content by content coding, the preferred one first; `etag` names the content itself."""

    content: bytes
    media_type: str
    etag: str
    encoded: Mapping[str, bytes] = field(default_factory=dict[str, bytes])
