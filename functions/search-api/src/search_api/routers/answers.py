"""What every answer to a search has in common: how long it took, its ETag, and that it is kept and counted."""

import re
from collections.abc import Awaitable, Callable
from typing import Any, Final

from fastapi import Request
from fastapi.responses import Response
from pydantic import BaseModel

from battlescope_events.errors import TransientError
from battlescope_events.http_api.conditional import content_etag
from battlescope_events.http_api.responses import cacheable_content, json_content
from battlescope_events.http_cache.response_cache import EVERYTHING, Rendered
from search_api.dependencies import Dependencies
from search_api.domain.engine_name import EngineName
from search_api.domain.search_figures import Operation, Outcome
from search_api.schemas.matches import SearchAnswer, SearchStatus
from search_api.schemas.names import EntityHits

MAX_AGE: Final = 30  # seconds that a client may show what was found
KEPT_SECONDS: Final = 60  # for which an answer is kept here at most: until anything that can be found changes
# In a string the quotes would be escaped, so that this is the field.
_TIME: Final = re.compile(rb'"processingTimeMs":[0-9]+')


class Stopwatch:
    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic, self._begun = monotonic, monotonic()

    def milliseconds(self) -> float:
        return (self._monotonic() - self._begun) * 1000

    def fields(self, query: str, *, is_degraded: bool = False) -> dict[str, Any]:
        """The fields of `SearchAnswer` at this moment."""
        return {
            "status": SearchStatus.DEGRADED if is_degraded else SearchStatus.HEALTHY,
            "processing_time_ms": round(self.milliseconds()),
            "query": query,
        }


async def search(
    deps: Dependencies,
    operation: Operation,
    question: BaseModel,
    find: Callable[[Stopwatch], Awaitable[SearchAnswer]],
    *,
    seen_by: str = "",
) -> Rendered:
    """The answer to a question: the kept one, or that of `find`. A degraded answer is not kept.

    seen_by: names callers who get the same answer, where not everybody does.
    """
    watch, outcome, engine = Stopwatch(deps.monotonic), Outcome.KEPT, deps.engine_name

    async def render() -> Rendered:
        nonlocal outcome, engine
        outcome = Outcome.FAILED
        answer = await find(watch)
        outcome = Outcome.FOUND if _has_hits(answer) else Outcome.EMPTY
        if answer.status is SearchStatus.DEGRADED:
            engine = EngineName.POSTGRES
        return _rendered(answer)

    key = f"{operation} {seen_by} {question.model_dump_json()}"
    try:
        return await deps.responses.rendered(key, (EVERYTHING,), render)
    except TransientError:
        outcome = Outcome.FAILED  # also of who waited for the same search
        raise
    finally:
        deps.figures.count(operation, engine, outcome, watch.milliseconds())


def _has_hits(answer: BaseModel) -> bool:
    """Whether one of its lists of hits has one."""
    return any(_is_found(value) for _, value in answer)


def _is_found(value: Any) -> bool:
    return _has_hits(value) if isinstance(value, EntityHits) else isinstance(value, list) and value != []


def _rendered(answer: SearchAnswer) -> Rendered:
    """Its ETag does not depend on how long the search took."""
    content, is_whole = json_content(answer), answer.status is SearchStatus.HEALTHY
    return Rendered(
        content,
        MAX_AGE if is_whole else 0,
        etag=content_etag(_TIME.sub(b"", content, count=1)),
        kept_seconds=KEPT_SECONDS if is_whole else 0,
    )


def cacheable_answer(request: Request, rendered: Rendered) -> Response:
    """Of a GET, which clients keep."""
    return cacheable_content(request, rendered.content, rendered.max_age, rendered.media_type, etag=rendered.etag)


def uncached_answer(rendered: Rendered) -> Response:
    """Of a POST, which no client keeps."""
    return Response(rendered.content, headers={"cache-control": "no-store"}, media_type=rendered.media_type)
