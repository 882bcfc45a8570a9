"""The events that this function publishes. Their ids are deterministic, so a retry publishes the same event again."""

from datetime import date, datetime
from typing import Final

from battlescope_events.catalog import (
    ENTITY_UPDATED,
    KILLMAIL_ENRICHED,
    PRICES_DAY_LOADED,
    PRICES_REQUESTED,
    REVALUATION_REQUESTED,
)
from battlescope_events.messages import Message
from battlescope_schemas.entity import EntityUpdated
from battlescope_schemas.prices import PricesDayLoaded, PricesRequested, RevaluationRequested
from battlescope_schemas.reference import KillmailChunk
from killmail_enrich.enrichment.enrichment import EnrichedLine

SOURCE: Final = "killmail-enrich"


def event_key(killmail: EnrichedLine) -> str:
    key = f"{killmail.killmail_id}:{killmail.zkb_hash}"
    return key if killmail.value_revision is None else f"{key}:{killmail.value_revision}"


def killmail_enriched(killmail: EnrichedLine, content: bytes, time: datetime) -> Message:
    """One enriched killmail. `content`: the encoded line."""
    return KILLMAIL_ENRICHED.encoded(
        content,
        subject=killmail.killmail_id,
        partitionkey=killmail.system_id,
        source=SOURCE,
        key=event_key(killmail),
        time=time,
    )


def batch_enriched(claim_check: KillmailChunk, key: str, time: datetime) -> Message:
    """Enriched killmails behind a claim check. The id is derived from `key`, which identifies what was enriched."""
    return KILLMAIL_ENRICHED.message(claim_check, source=SOURCE, key=key, time=time)


def entity_updated(payload: EntityUpdated) -> Message:
    """The id is derived from entity and name."""
    key = f"{payload.entity_type}:{payload.entity_id}:{payload.entity_name}"
    return ENTITY_UPDATED.message(payload, source=SOURCE, key=key, time=payload.updated_at)


def ticker_updated(payload: EntityUpdated) -> Message:
    """The id is derived from entity, ticker and day, so that each weekly refresh is an event of its own."""
    key = f"{payload.entity_type}:{payload.entity_id}:ticker:{payload.ticker}:{payload.updated_at.date()}"
    return ENTITY_UPDATED.message(payload, source=SOURCE, key=key, time=payload.updated_at)


def prices_requested(day: date, part: int, key: str, time: datetime) -> Message:
    """The id is derived from `key`, which differs between requests of a day."""
    return PRICES_REQUESTED.message(PricesRequested(date=day, part=part), source=SOURCE, key=key, time=time)


def revaluation_requested(job_id: str, part: int, time: datetime) -> Message:
    """Requests a part of a job."""
    payload = RevaluationRequested(job_id=job_id, part=part)
    return REVALUATION_REQUESTED.message(payload, source=SOURCE, key=f"{job_id}:{part}", time=time)


def prices_day_loaded(payload: PricesDayLoaded, key: str, time: datetime) -> Message:
    """The id is derived from `key`, which differs between the times that a day waited."""
    return PRICES_DAY_LOADED.message(payload, source=SOURCE, key=key, time=time)
