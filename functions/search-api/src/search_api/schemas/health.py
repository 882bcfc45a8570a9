"""The state of the search engine."""

from battlescope_schemas.base import Schema
from search_api.domain.engine_name import EngineName
from search_api.schemas.matches import SearchStatus


class SearchHealth(Schema):
    """degraded: the engine does not answer, and names are found in the database."""

    status: SearchStatus
    engine: EngineName
