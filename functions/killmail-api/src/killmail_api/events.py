"""Builds the events that killmail-api publishes. Event ids are derived, so a repeated event has the same id."""

from datetime import datetime
from typing import Final
from uuid import UUID

from battlescope_events.catalog import REVALUATION_REQUESTED
from battlescope_events.messages import Message
from battlescope_schemas.prices import RevaluationRequested

SOURCE: Final = "killmail-api"


def revaluation_requested(job_id: UUID, now: datetime) -> Message:
    """Requests part 0 of the job; killmail-enrich requests each following part."""
    payload = RevaluationRequested(job_id=str(job_id), part=0)
    return REVALUATION_REQUESTED.message(payload, source=SOURCE, key=f"{job_id}:0", time=now)
