"""The events that this function publishes. Their ids are deterministic, so a retry publishes the same event again."""

from datetime import datetime
from typing import Final

from battlescope_events.catalog import ENTITY_UPDATED, KILLMAIL_ENRICHED, Enriched
from battlescope_events.messages import Message
from battlescope_schemas.entity import EntityUpdated

SOURCE: Final = "killmail-enrich"


def killmail_enriched(payload: Enriched, key: str, time: datetime) -> Message:
    """The id is derived from `key`, which identifies the killmail or the batch of references."""
    return KILLMAIL_ENRICHED.message(payload, source=SOURCE, key=key, time=time)


def entity_updated(payload: EntityUpdated) -> Message:
    """The id is derived from entity and name."""
    key = f"{payload.entity_type}:{payload.entity_id}:{payload.entity_name}"
    return ENTITY_UPDATED.message(payload, source=SOURCE, key=key, time=payload.updated_at)
