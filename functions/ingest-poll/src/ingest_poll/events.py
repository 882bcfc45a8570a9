"""The events of this function: ids derive from the content, so the same killmail or body gives the same event."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from battlescope_events.catalog import KILLMAIL_INGESTED, KILLMAIL_REFUSED
from battlescope_events.messages import Message
from battlescope_schemas.reference import KillmailChunk, KillmailRefused
from battlescope_schemas.ruleset import FilteredKillmail, reference_to

SOURCE: Final = "ingest-poll"


def ingested_event(filtered: FilteredKillmail, revisions: Mapping[int, int], time: datetime) -> Message:
    """`revisions`: of values that the feed has changed, by killmail id; each is an event of its own."""
    reference = reference_to(filtered, value_revision=revisions.get(filtered.killmail.killmail_id))
    key = str(reference.killmail_id)
    if reference.value_revision is not None:
        key += f":{reference.value_revision}"
    return KILLMAIL_INGESTED.message(reference, source=SOURCE, key=key, time=time)


def batch_event(claim_check: KillmailChunk, time: datetime) -> Message:
    """Many killmails as one event."""
    return KILLMAIL_INGESTED.message(claim_check, source=SOURCE, key=claim_check.chunk_key, time=time)


def refused_event(payload: KillmailRefused, time: datetime) -> Message:
    """The archive key ends in the hash of the bytes, so the same bytes refused again give the same event id."""
    key = f"{payload.sequence_id}|{payload.archive_key}"
    return KILLMAIL_REFUSED.message(payload, source=SOURCE, key=key, time=time)
