"""search-index: indexes battles, killmails and everything with a name for search."""

import gc
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from typing import Final
from uuid import uuid4

from battlescope_events.catalog import SEARCH_REINDEX_REQUESTED
from battlescope_events.consumer import Function, event_app
from battlescope_events.object_storage.objects import ObjectStorage
from battlescope_events.postgres.database import Database, open_pool
from battlescope_events.postgres.outbox import Outbox
from battlescope_events.publisher import BrokerPublisher, Publish
from battlescope_events.settings import from_environment
from battlescope_events.typesense.connection import open_typesense
from battlescope_events.typesense.settings import Engine
from search_index.clients.typesense_engine import TypesenseEngine
from search_index.events import SOURCE
from search_index.handlers.dispatch import ACCEPTED_TYPES, Handlers
from search_index.messaging.claim_checks import ClaimChecks
from search_index.persistence.battles import BattleRepository
from search_index.persistence.entities import save_name
from search_index.persistence.killmails import KillmailRepository
from search_index.persistence.known_facts import KnownFacts
from search_index.persistence.retention import delete_old
from search_index.persistence.shares import save_share
from search_index.services.copying import Copier
from search_index.services.engine import PostgresEngine, SearchEngine
from search_index.services.grouped_saves import GROUPING_SECONDS, GroupedSaves
from search_index.services.indexing import Indexer
from search_index.services.indexing_loop import DELAY_SECONDS, IndexingLoop
from search_index.services.maintenance import Maintenance
from search_index.services.rebuilding import Rebuilder
from search_index.services.saving import Saver
from search_index.settings import Settings

BROKER: Final = "battles"
MAX_CONNECTIONS: Final = 6
# Planning the same statements for each event costs more than any other plan would save.
SERVER_OPTIONS: Final = "-c plan_cache_mode=force_generic_plan -c jit=off"


@asynccontextmanager
async def build() -> AsyncGenerator[Function]:
    settings = from_environment(Settings)
    async with (
        open_pool(settings.database_url, SOURCE, max_size=MAX_CONNECTIONS, options=SERVER_OPTIONS) as pool,
        BrokerPublisher(settings.k_sink) as publish,
        open_typesense(settings.typesense_url, settings.typesense_api_key) as typesense,
    ):
        database = Database(pool, "search", settings.schema_version)
        copies = TypesenseEngine(typesense, settings.typesense_search_key)
        engine = copies if settings.search_engine is Engine.TYPESENSE else PostgresEngine()
        outbox = Outbox(database, BROKER)
        claim_checks = ClaimChecks(ObjectStorage(settings.bucket_access))
        handlers = compose(database, engine, outbox, publish, claim_checks)
        gc.freeze()
        yield Function(handlers.dispatch, ready=outbox.ready)
        await handlers.loop.close()


def compose(
    database: Database,
    engine: SearchEngine,
    outbox: Outbox,
    publish: Publish,
    claim_checks: ClaimChecks,
    *,
    delay_seconds: float = DELAY_SECONDS,
    grouping_seconds: float = GROUPING_SECONDS,
) -> Handlers:
    """The handlers over a database and a search engine."""
    now, has_copy = partial(datetime.now, UTC), engine.has_copy
    rebuilder = Rebuilder(database, outbox, engine, now)

    async def rebuild_new_engine() -> None:
        await rebuilder.request(str(uuid4()), "new search engine")
        await outbox.flush(publish)

    copier = Copier(database, engine, now, rebuild_new_engine)
    indexer = Indexer(database, has_copy=has_copy)
    maintenance = Maintenance(indexer, copier, rebuilder, outbox, publish, lambda: str(uuid4()))
    saver = Saver(
        KillmailRepository(database, KnownFacts(), has_copy=has_copy), BattleRepository(database, has_copy=has_copy)
    )
    return Handlers(
        claim_checks=claim_checks,
        saver=saver,
        groups=GroupedSaves(saver.save_killmails, saver.save_battles, saver.end_battles, seconds=grouping_seconds),
        save_share=partial(save_share, database),
        save_name=partial(save_name, database, has_copy=has_copy),
        delete_old=partial(delete_old, database, has_copy=has_copy),
        rebuilder=rebuilder,
        maintenance=maintenance,
        loop=IndexingLoop(maintenance.index_and_copy, delay_seconds=delay_seconds),
    )


app = event_app(build, accepts=ACCEPTED_TYPES, emits=[SEARCH_REINDEX_REQUESTED])
