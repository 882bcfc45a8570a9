"""A body that broke off is continued where it broke, if its source can tell that it is still the same. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus


@dataclass(slots=True)
class PartialDownload:
    """How much of a body has come, and the tag by which its source knows it again; no tag: it has to come whole."""

    size: int = 0
    etag: str = ""

    @property
    def resume_headers(self) -> Mapping[str, str]:
        """Headers that ask for the rest; or for all of it, if it is not what it was (RFC 9110, 13.1.5)."""
        if not self.size or not self.etag:
            return {}
        return {"range": f"bytes={self.size}-", "if-range": self.etag, "accept-encoding": "identity"}

    def accept_response(self, status: int, headers: Mapping[str, str]) -> bool:
        """Whether what an answer brings belongs behind what has come; if not, it is a body from its beginning.

        Raises:
            ValueError: it is neither.
        """
        if status == HTTPStatus.OK:
            self.size, self.etag = 0, _tag(headers)
            return False
        size, self.size = self.size, 0  # if it does not fit, the next answer has to be whole
        same = headers.get("etag", self.etag) == self.etag and "content-encoding" not in headers
        if not same or not size or not headers.get("content-range", "").startswith(f"bytes {size}-"):
            raise ValueError("gives another part than the one that is missing")
        self.size = size
        return True


def _tag(headers: Mapping[str, str]) -> str:
    """Only a strong one names bytes, and a part of what was packed on the way is of no use."""
    etag = headers.get("etag", "")
    whole = etag.startswith('"') and "content-encoding" not in headers
    return etag if whole and headers.get("accept-ranges") == "bytes" else ""
