"""Builds the events that search-api publishes. Event ids are deterministic, so a repeated event has the same id."""

from datetime import datetime
from typing import Final
from uuid import UUID

from battlescope_events.catalog import SEARCH_REINDEX_REQUESTED
from battlescope_events.messages import Message
from battlescope_schemas.search.requests import ReindexRequested

SOURCE: Final = "search-api"


def reindex_requested(job_id: UUID, now: datetime) -> Message:
    """Requests part 0 of the job; search-index requests each following part."""
    payload = ReindexRequested(job_id=str(job_id), part=0)
    return SEARCH_REINDEX_REQUESTED.message(payload, source=SOURCE, key=f"{job_id}:0", time=now)
