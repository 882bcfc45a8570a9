"""Which keys an S3 server stores as they are."""

from typing import Final

MAX_KEY_BYTES: Final = 1024  # by S3
_CHANGED_SEGMENTS: Final = frozenset({"", ".", ".."})


def key_error(key: str) -> str | None:
    """Why no S3 server stores this key as it is: a clause whose subject is the key; None for a good key."""
    size = len(key.encode(errors="replace"))
    if size > MAX_KEY_BYTES:
        return f"has {size} bytes, more than the {MAX_KEY_BYTES} that S3 allows"
    if not key.isprintable():
        return "contains characters that cannot be printed"
    if not _CHANGED_SEGMENTS.isdisjoint(key.split("/")):
        return "has an empty segment or one of only dots"
    return None
