"""Resumes an interrupted download where it stopped, if the upstream can prove that the content is unchanged. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus


class MisplacedPart(Exception):
    """The response is another part of the content than the missing one."""


@dataclass(slots=True)
class PartialDownload:
    """The bytes received so far, and the strong ETag of the content; without an ETag it must be downloaded whole."""

    size: int = 0
    etag: str = ""

    @property
    def resume_headers(self) -> Mapping[str, str]:
        """Headers that request the remaining bytes, or the whole content if it has changed (RFC 9110, 13.1.5)."""
        if not self.size or not self.etag:
            return {}
        return {"range": f"bytes={self.size}-", "if-range": self.etag, "accept-encoding": "identity"}

    def accept_response(self, status: int, headers: Mapping[str, str]) -> bool:
        """Whether the body of a response continues the received bytes; otherwise it is the whole content.

        Raises:
            MisplacedPart: it is neither.
        """
        if status == HTTPStatus.OK:
            self.size, self.etag = 0, _strong_etag(headers)
            return False
        size, self.size = self.size, 0  # if the part does not fit, the next request must ask for the whole content
        is_unchanged = headers.get("etag", self.etag) == self.etag and "content-encoding" not in headers
        if not is_unchanged or not size or not headers.get("content-range", "").startswith(f"bytes {size}-"):
            raise MisplacedPart("The response is another part than the missing one.")
        self.size = size
        return True


def _strong_etag(headers: Mapping[str, str]) -> str:
    """Only a strong ETag identifies bytes, and a part of content that was compressed for transfer is useless."""
    etag = headers.get("etag", "")
    is_strong = etag.startswith('"') and "content-encoding" not in headers
    return etag if is_strong and headers.get("accept-ranges") == "bytes" else ""
