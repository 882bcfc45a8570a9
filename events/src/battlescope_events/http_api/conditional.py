"""ETags and conditional requests (RFC 9110, 13): `If-None-Match` saves a transfer, `If-Match` a lost update."""

import re
from hashlib import sha256
from typing import Final

from battlescope_events.http_api.errors import ApiError

_TAG: Final = re.compile(r'(W/)?("[\x21\x23-\x7e\x80-\xff]*")')
_TAGS: Final = re.compile(rf"[ \t,]*(?:{_TAG.pattern}[ \t]*(?:,[ \t,]*|$))+")
# For the descriptions of parameters: a list of ETags, or also `*`. The checks below accept other spaces and commas too.
ETAGS_PATTERN: Final = r'^(W/)?"[!#-~]*"(, (W/)?"[!#-~]*")*$'
IF_MATCH_PATTERN: Final = rf"^(\*|{ETAGS_PATTERN[1:-1]})$"
_MAX_HEADER: Final = 4096  # characters; no client holds more than some of our ETags


def content_etag(content: bytes) -> str:
    """The strong ETag of a representation: a hash of its bytes."""
    return f'"{sha256(content).hexdigest()[:32]}"'


def quoted(version: object) -> str:
    """The strong ETag of a resource whose version, such as a revision, is known without its bytes."""
    return f'"{version}"'


def matches_weakly(if_none_match: str, etag: str) -> bool:
    """Whether the header names the ETag, weak or strong; a malformed header names nothing."""
    tags = _entity_tags(if_none_match)
    return if_none_match.strip() == "*" or (tags is not None and any(tag == etag for _, tag in tags))


def check_if_match(if_match: str | None, etag: str, changed: str) -> None:
    """Let a write through without the header, or with one that names the current ETag.

    Raises:
        ApiError: the header is malformed (400), or names only other ETags (412); `changed` is the message.
    """
    if if_match is None or if_match.strip() == "*":
        return
    tags = _entity_tags(if_match)
    if tags is None:
        raise ApiError(400, 'If-Match must be an ETag in quotes, for example "7".')
    if not any(tag == etag and not weak for weak, tag in tags):
        raise ApiError(412, changed)


def require_if_match(if_match: str | None, missing: str) -> str:
    """The header of a write that must name the version which its author has seen; `*` names none.

    Raises:
        ApiError: the header is missing (428), with the message `missing`, or is `*` (400).
    """
    if if_match is None:
        raise ApiError(428, missing)
    if if_match.strip() == "*":
        raise ApiError(400, "If-Match must be the ETag that its author has seen, in quotes, not *.")
    return if_match


def _entity_tags(header: str) -> list[tuple[str, str]] | None:
    """The prefixes and tags of the header; None where it is malformed."""
    if len(header) > _MAX_HEADER or _TAGS.fullmatch(header) is None:
        return None
    return [(match[1] or "", match[2]) for match in _TAG.finditer(header)]
