"""What every answer to a search has in common: how long it took, whether it is degraded, and its ETag."""

from collections.abc import Callable
from typing import Any, Final

from fastapi import Request
from fastapi.responses import Response

from battlescope_events.http_api.conditional import content_etag
from battlescope_events.http_api.responses import cacheable_response, json_content
from search_api.schemas.matches import SearchAnswer, SearchStatus

MAX_AGE: Final = 30  # seconds that a client may show what was found
_UNTIMED: Final = {"processing_time_ms": 0}


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
    etag = content_etag(json_content(answer.model_copy(update=_UNTIMED)))
    max_age = MAX_AGE if answer.status is SearchStatus.HEALTHY else 0
    return cacheable_response(request, answer, max_age, etag=etag)
