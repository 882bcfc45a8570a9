"""battle-cluster: assigns killmails to battles, applies manual edits and publishes the changes."""

import gc
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from typing import Final

from battle_cluster.handlers.dispatch import dispatch
from battle_cluster.handlers.suggestions import SplitSuggester
from battle_cluster.messaging.batching_publisher import BatchingPublisher
from battle_cluster.messaging.claim_checks import ClaimCheckStore
from battle_cluster.messaging.events import SOURCE
from battle_cluster.persistence.process_cache import ProcessCache
from battle_cluster.persistence.unit_of_work import Database
from battle_cluster.settings import Settings
from battlescope_events.catalog import (
    BATTLE_CREATED,
    BATTLE_DELETED,
    BATTLE_EDIT_REQUESTED,
    BATTLE_ENDED,
    BATTLE_RECLUSTER_REQUESTED,
    BATTLE_REPUBLISH_REQUESTED,
    BATTLE_UPDATED,
    BATTLES_CHANGED,
    BATTLES_ENDED,
    ENTITY_UPDATED,
    KILLMAIL_ENRICHED,
    RETENTION_DUE,
    TIMER,
)
from battlescope_events.consumer import Function, event_app
from battlescope_events.object_storage.objects import ObjectStorage
from battlescope_events.postgres.database import open_pool
from battlescope_events.publisher import BrokerPublisher
from battlescope_events.settings import from_environment

# Planning the same statements for each event took a fifth of the database's time; all of them do well with one plan.
SERVER_OPTIONS: Final = "-c plan_cache_mode=force_generic_plan -c jit=off"
MAX_CONNECTIONS: Final = 8
# A large battle is some 100,000 live objects without cycles; collecting at the default rate showed up in profiles.
GARBAGE: Final = (500_000, 20, 50)


@asynccontextmanager
async def build() -> AsyncGenerator[Function]:
    settings = from_environment(Settings)
    claim_checks = ClaimCheckStore(ObjectStorage(settings.bucket_access))
    gc.set_threshold(*GARBAGE)
    async with (
        open_pool(settings.database_url, SOURCE, max_size=MAX_CONNECTIONS, options=SERVER_OPTIONS) as pool,
        BrokerPublisher(settings.k_sink) as broker,
    ):
        database = Database(pool, ProcessCache(), settings.schema_version)
        clock = partial(datetime.now, UTC)
        publish = BatchingPublisher(broker, claim_checks.put, clock)
        handler = partial(
            dispatch, database=database, publish=publish, claim_checks=claim_checks,
            suggest_splits=SplitSuggester(database).run, clock=clock,
        )  # fmt: skip
        gc.freeze()
        yield Function(handler, deduplicator=database.deduplicator, ready=database.outbox.ready)
        await database.deduplicator.close()


app = event_app(
    build,
    accepts=[
        KILLMAIL_ENRICHED,
        ENTITY_UPDATED,
        BATTLE_EDIT_REQUESTED,
        BATTLE_RECLUSTER_REQUESTED,
        BATTLE_REPUBLISH_REQUESTED,
        BATTLE_ENDED,
        BATTLES_ENDED,
        RETENTION_DUE,
        TIMER,
    ],
    emits=[
        BATTLE_CREATED,
        BATTLE_UPDATED,
        BATTLE_DELETED,
        BATTLES_CHANGED,
        BATTLE_RECLUSTER_REQUESTED,
        BATTLE_REPUBLISH_REQUESTED,
    ],
)
