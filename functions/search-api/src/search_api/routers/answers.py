"""What every answer to a search has in common: how long it took, whether it is degraded, and its ETag."""

import re
from collections.abc import Callable
from typing import Any, Final

from fastapi import Request
from fastapi.responses import Response

from battlescope_events.http_api.conditional import content_etag
from battlescope_events.http_api.responses import cacheable_content, json_content
from search_api.schemas.matches import SearchAnswer, SearchStatus

MAX_AGE: Final = 30  # seconds that a client may show what was found
# In a string the quotes would be escaped, so that this is the field.
_TIME: Final = re.compile(rb'"processingTimeMs":[0-9]+')


class Stopwatch:
    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic, self._begun = monotonic, monotonic()

    def fields(self, query: str, *, is_degraded: bool = False) -> dict[str, Any]:
        """The fields of `SearchAnswer` at this moment."""
        return {
            "status": SearchStatus.DEGRADED if is_degraded else SearchStatus.HEALTHY,
            "processing_time_ms": round((self._monotonic() - self._begun) * 1000),
            "query": query,
        }


def search_response(request: Request, answer: SearchAnswer) -> Response:
    """The answer; its ETag does not depend on how long the search took. A degraded one is not kept."""
    content = json_content(answer)
    max_age = MAX_AGE if answer.status is SearchStatus.HEALTHY else 0
    return cacheable_content(request, content, max_age, etag=content_etag(_TIME.sub(b"", content, count=1)))
