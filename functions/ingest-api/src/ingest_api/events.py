"""Builds the events that ingest-api publishes. Each request is an event of its own."""

from datetime import date, datetime
from typing import Final
from uuid import UUID

from battlescope_events.catalog import RETENTION_DUE, VERIFICATION_REQUESTED
from battlescope_events.messages import Message
from battlescope_schemas.backfill import RetentionDue, VerificationRequested

SOURCE: Final = "ingest-api"


def verification_requested(day: date, request: UUID, now: datetime) -> Message:
    return VERIFICATION_REQUESTED.message(VerificationRequested(date=day), source=SOURCE, key=str(request), time=now)


def retention_due(cutoff: date, request: UUID, now: datetime) -> Message:
    """The id differs from that of the daily event with the same cutoff; otherwise consumers would skip this event."""
    return RETENTION_DUE.message(RetentionDue(cutoff_date=cutoff), source=SOURCE, key=f"{cutoff}:{request}", time=now)
