"""What every answer of a search has: how a hit matches, which engine state it comes from, and how long it took."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from battlescope_schemas.base import Schema
from search_api.domain.name_match import MatchedField, MatchKind


class SearchStatus(StrEnum):
    """degraded: the search engine does not answer, and the database stands in for it."""

    HEALTHY = "healthy"
    DEGRADED = "degraded"


class Highlight(Schema):
    """Characters of the matched text, from `start` up to `end`, which is not included. Counted in code points."""

    start: Annotated[int, Field(ge=0)]
    end: Annotated[int, Field(ge=0)]


class NameMatch(Schema):
    """How a name fits the query: which field, how, with how many edits, and which of its characters."""

    field: MatchedField
    kind: MatchKind
    edits: Annotated[int, Field(ge=0, le=2)]
    highlights: list[Highlight]


class SearchAnswer(Schema):
    """processingTimeMs: of the search that found this; a kept answer has that of its own. query: as it was sent."""

    status: SearchStatus
    processing_time_ms: Annotated[int, Field(ge=0)]
    query: str
