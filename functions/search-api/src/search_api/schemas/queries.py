"""Parameters of searches by name."""

from enum import StrEnum
from typing import Annotated, Final

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from battlescope_events.http_api.request_types import ONE_LINE, ONE_LINE_PATTERN, WHOLE_NUMBER
from battlescope_schemas.universe import SecurityType
from search_api.domain.named import NamedKind
from search_api.domain.search_text import MAX_LENGTH, is_long_enough

MAX_SUGGESTIONS: Final = 20
MAX_OF_A_CATEGORY: Final = 10


def _long_enough(text: str) -> str:
    if not is_long_enough(text):
        raise ValueError("must have two characters, or one sign of Chinese, Japanese or Korean")
    return text


SearchQuery = Annotated[
    str, Field(min_length=1, max_length=MAX_LENGTH), ONE_LINE, ONE_LINE_PATTERN, AfterValidator(_long_enough)
]
"""What was typed: at least two characters, or one sign of Chinese, Japanese or Korean."""
Suggestions = Annotated[int, Field(ge=1, le=MAX_SUGGESTIONS), WHOLE_NUMBER]


class SearchedEntityType(StrEnum):
    ALLIANCE = "alliance"
    CORPORATION = "corporation"
    CHARACTER = "character"


class EntityQuery(BaseModel):
    """limit: hits of each type."""

    model_config = ConfigDict(frozen=True)

    q: SearchQuery
    type: Annotated[list[SearchedEntityType], Field(max_length=len(SearchedEntityType))] = []
    limit: Suggestions = 10

    @property
    def kinds(self) -> tuple[NamedKind, ...]:
        return tuple(NamedKind(kind) for kind in SearchedEntityType if not self.type or kind in self.type)


class SystemQuery(BaseModel):
    """security_type: only systems of one of these."""

    model_config = ConfigDict(frozen=True)

    q: SearchQuery
    security_type: Annotated[list[SecurityType], Field(max_length=len(SecurityType))] = []
    limit: Suggestions = 10


class ShipQuery(BaseModel):
    model_config = ConfigDict(frozen=True)

    q: SearchQuery
    limit: Suggestions = 10


class GlobalQuery(BaseModel):
    """limit: hits of each category."""

    model_config = ConfigDict(frozen=True)

    q: SearchQuery
    limit: Annotated[int, Field(ge=1, le=MAX_OF_A_CATEGORY), WHOLE_NUMBER] = 5
