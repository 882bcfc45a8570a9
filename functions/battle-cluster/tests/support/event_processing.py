"""Runs battle-cluster's handlers the way its process does."""

import json
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from edit_builders import NOW
from enriched_builders import START

from battle_cluster.handlers.dispatch import dispatch
from battle_cluster.handlers.killmails import process
from battle_cluster.handlers.suggestions import SplitSuggester
from battle_cluster.messaging.enriched_killmail import from_event
from battle_cluster.persistence.unit_of_work import Database
from battlescope_events.catalog import BATTLE_RECLUSTER_REQUESTED
from battlescope_events.errors import TransientError
from battlescope_events.messages import Event
from battlescope_events.publisher import Publish, RecordingPublisher
from battlescope_schemas.battle import ReclusterRequested
from battlescope_schemas.enriched import EnrichedKillmail

END = START + timedelta(hours=6)
"""After every killmail of `invented_battles.evening`."""


class UnavailableBroker:
    """A `Publish` that fails, as when the Broker does not answer."""

    async def __call__(self, _: object) -> None:
        raise TransientError("the Broker does not answer")


async def process_event(store: Database, event: Event[Any], publish: Publish, claim_checks: Any = None) -> None:
    suggest_splits = SplitSuggester(store).run
    await dispatch(
        event, database=store, publish=publish, claim_checks=claim_checks, suggest_splits=suggest_splits,
        clock=lambda: NOW,
    )  # fmt: skip


async def process_all(store: Database, killmails: Iterable[EnrichedKillmail]) -> None:
    """Process killmails one by one, then publish."""
    for killmail in killmails:
        await process([from_event(killmail)], store, NOW)
    await store.outbox.flush(RecordingPublisher())


async def process_each(store: Database, killmails: Iterable[EnrichedKillmail]) -> list[dict[str, Any]]:
    """Process killmails one by one and publish after each; returns the payloads with the type and id of their event."""
    recorder = RecordingPublisher()
    for killmail in killmails:
        await process([from_event(killmail)], store, NOW)
        await store.outbox.flush(recorder)
    return [{"type": m.headers["ce-type"].split(".")[-2], "id": m.id, **json.loads(m.body)} for m in recorder.messages]


async def run_recluster_job(store: Database, job_id: str, max_parts: int = 50) -> list[str]:
    """Process each part that is requested, as the Broker would deliver it; returns the kinds of all other events."""
    kinds: list[str] = []
    parts = [0]
    while parts and max_parts:
        recorder, max_parts = RecordingPublisher(), max_parts - 1
        payload = ReclusterRequested(job_id=job_id, part=parts.pop())
        await process_event(store, Event(BATTLE_RECLUSTER_REQUESTED, "1", "battle-api", payload, {}), recorder)
        for message in recorder.messages:
            if message.headers["ce-type"] == BATTLE_RECLUSTER_REQUESTED.name:
                parts.append(ReclusterRequested.model_validate_json(message.body).part)
            else:
                kinds.append(message.headers["ce-type"].split(".")[-2])
    return kinds
