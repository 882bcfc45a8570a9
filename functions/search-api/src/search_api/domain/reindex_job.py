"""A job that rebuilds all documents of the index."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class ReindexJob:
    """documents_total: of the whole job, as of its beginning."""

    id: UUID
    requested_by: str
    status: str
    documents_total: int
    documents_processed: int
    created_at: datetime
    started_at: datetime | None
    completed_at: datetime | None
    cancelled_by: str | None


@dataclass(frozen=True, slots=True)
class IndexSize:
    """Documents by collection, and how many changes wait to be indexed, the oldest for how long."""

    battles: int
    killmails: int
    characters: int
    corporations: int
    alliances: int
    systems: int
    ship_types: int
    waiting: int
    oldest_waiting_at: datetime | None
