"""The events that this function publishes. Their ids are deterministic, so a retry publishes the same event again."""

from datetime import datetime
from typing import Final

from battlescope_events.catalog import SEARCH_REINDEX_REQUESTED
from battlescope_events.messages import Message
from battlescope_schemas.search.requests import ReindexRequested

SOURCE: Final = "search-index"


def reindex_requested(job_id: str, part: int, time: datetime) -> Message:
    """Requests a part of a rebuild."""
    payload = ReindexRequested(job_id=job_id, part=part)
    return SEARCH_REINDEX_REQUESTED.message(payload, source=SOURCE, key=f"{job_id}:{part}", time=time)
