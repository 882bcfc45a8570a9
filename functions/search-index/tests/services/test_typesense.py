"""Copies in Typesense: request by request as its API is described, and complete again after any outage."""

import json
import os
from collections.abc import AsyncGenerator, Mapping
from typing import Any

import pytest
from described_typesense import DESCRIPTION, KEY, DescribedTypesense, described_typesense
from pydantic import SecretStr
from search_builders import START, Consumer, battle, battle_id, killmail, renamed, rows

from battlescope_events.errors import TransientError
from battlescope_events.postgres.database import Database
from battlescope_events.typesense.connection import open_typesense
from battlescope_schemas.search.documents import DOCUMENTS, Collection
from battlescope_schemas.search.requests import ReindexRequested
from battlescope_schemas.search.typesense_schema import document_json
from search_index.clients.typesense_engine import TypesenseEngine, generation
from search_index.services.copying import documents_of
from search_index.services.engine import COLLECTION_OF

pytestmark = [
    pytest.mark.postgres,
    pytest.mark.shared,
    pytest.mark.skipif(
        not DESCRIPTION.is_file(),
        reason="../shared/data is absent: the description of Typesense is not part of the project",
    ),
]
SEARCH_KEY = "key of search-api"
PAYLOADS: list[Any] = [
    *(killmail(number, (number, 1 + number % 3), [(11, 2)], minute=number) for number in range(1, 8)),
    battle(1, 1, [1, 2, 3]),
    battle(2, 1, [4, 5]),
    renamed(99_000_002, "Pandemic Horde", 1, ticker="REKTD"),
]


@pytest.fixture
async def server() -> AsyncGenerator[DescribedTypesense]:
    async with described_typesense() as server:
        yield server


@pytest.fixture
async def consumer(store: Database, server: DescribedTypesense) -> AsyncGenerator[Consumer]:
    async with open_typesense(server.url, SecretStr(KEY)) as typesense:
        consumer = Consumer(store, TypesenseEngine(typesense, SecretStr(SEARCH_KEY)))
        yield consumer
        await consumer.close()


async def expected(store: Database) -> dict[str, dict[str, Any]]:
    """Every document that there should be, from the rows."""
    queries = {
        "battle": "SELECT battle_id::text FROM battle_documents",
        "killmail": "SELECT killmail_id::text FROM killmails",
    }
    found: dict[str, dict[str, Any]] = {}
    for document_type, collection in COLLECTION_OF.items():
        query = queries.get(
            document_type,
            f"SELECT entity_id::text FROM entities WHERE entity_type = '{document_type}' AND is_searchable",
        )
        ids = [row[0] for row in await rows(store, query)]
        async with store.connection() as connection:
            documents = await documents_of(connection, document_type, ids, START)
        found[collection.value] = {document.id: without_score(document_json(document)) for document in documents}
    return found


def without_score(document: Mapping[str, Any]) -> dict[str, Any]:
    """The score depends on the time of the copy."""
    return {name: value for name, value in document.items() if name != "activityScore"}


def copies(server: DescribedTypesense) -> dict[str, dict[str, Any]]:
    return {
        collection.value: {key: without_score(value) for key, value in server.searched(collection.value).items()}
        for collection in Collection
    }


async def test_copies_equal_the_rows(consumer: Consumer, server: DescribedTypesense, store: Database) -> None:
    await consumer.process(*PAYLOADS)
    await consumer.index()
    assert copies(server) == await expected(store)
    assert all(copies(server).values())
    assert server.searched("alliances")["99000002"]["ticker"] == "REKTD"
    assert server.searched("battles")[battle_id(1)]["allianceIds"][0] == "99000002"


async def test_changes_and_deletions_are_copied(
    consumer: Consumer, server: DescribedTypesense, store: Database
) -> None:
    await consumer.process(*PAYLOADS)
    await consumer.index()
    await consumer.process(battle(1, 2, [1]), battle(2, 2, None))
    await consumer.index()
    assert copies(server) == await expected(store)
    assert list(server.searched("battles")) == [battle_id(1)]
    assert server.searched("killmails")["1"]["battleId"] == battle_id(1)
    assert "battleId" not in server.searched("killmails")["2"]


async def test_a_new_name_is_copied(consumer: Consumer, server: DescribedTypesense) -> None:
    """To its own document and those of its battles; the daily rebuild brings it to all others."""
    await consumer.process(*PAYLOADS)
    await consumer.index()
    await consumer.process(renamed(99_000_002, "Horde", 9))
    await consumer.index()
    assert server.searched("alliances")["99000002"]["name"] == "Horde"
    assert "Horde" in server.searched("battles")[battle_id(1)]["allianceNames"]
    assert "horde" in server.searched("battles")[battle_id(1)]["words"]


async def test_a_stopped_engine_loses_nothing(consumer: Consumer, server: DescribedTypesense, store: Database) -> None:
    await consumer.process(PAYLOADS[0])
    server.is_down = True
    await consumer.process(*PAYLOADS[1:])
    with pytest.raises(TransientError, match="Typesense does not answer"):
        await consumer.index()
    waiting = await rows(store, "SELECT count(*) FROM engine_queue")
    assert waiting[0][0] > 0
    assert await rows(store, "SELECT count(*) FROM battle_documents") == [(2,)]  # PostgreSQL answers meanwhile
    server.is_down = False
    await consumer.timer("catch-up")
    assert copies(server) == await expected(store)
    assert await rows(store, "SELECT count(*) FROM engine_queue") == [(0,)]


async def test_a_refused_document_holds_up_no_other(
    consumer: Consumer, server: DescribedTypesense, caplog: pytest.LogCaptureFixture
) -> None:
    server.refuses.add("2")
    await consumer.process(*PAYLOADS)
    await consumer.index()
    assert sorted(server.searched("killmails")) == ["1", "3", "4", "5", "6", "7"]
    assert "Typesense refuses document 2 of killmails" in caplog.text


async def test_an_engine_that_lost_everything_is_rebuilt(
    consumer: Consumer, server: DescribedTypesense, store: Database
) -> None:
    await consumer.process(*PAYLOADS)
    await consumer.index()
    await consumer.run_requested_parts()
    for content in (server.aliases, server.schemas, server.documents):
        content.clear()
    await consumer.process(killmail(8))
    await consumer.index()
    await consumer.run_requested_parts()
    await consumer.index()
    assert copies(server) == await expected(store)
    assert "8" in server.searched("killmails")


async def test_key_of_search_api_may_only_search(consumer: Consumer, server: DescribedTypesense) -> None:
    await consumer.process(*PAYLOADS)
    await consumer.index()
    assert {value: key["actions"] for value, key in server.keys.items()} == {SEARCH_KEY: ["documents:search"]}


async def test_key_is_registered_once_and_again_where_the_engine_is_new(
    consumer: Consumer, server: DescribedTypesense, store: Database
) -> None:
    await consumer.process(*PAYLOADS)
    await consumer.index()
    async with open_typesense(server.url, SecretStr(KEY)) as typesense:
        other = Consumer(store, TypesenseEngine(typesense, SecretStr(SEARCH_KEY)))
        await other.process(killmail(8))
        await other.index()
        await other.close()
    assert server.requests.count(("POST", "/keys")) == 2  # each process once
    for content in (server.aliases, server.schemas, server.documents, server.keys):
        content.clear()
    await consumer.process(killmail(9))
    await consumer.index()
    await consumer.run_requested_parts()
    assert set(server.keys) == {SEARCH_KEY}


async def test_without_a_key_of_its_own_search_api_needs_none(server: DescribedTypesense, store: Database) -> None:
    async with open_typesense(server.url, SecretStr(KEY)) as typesense:
        consumer = Consumer(store, TypesenseEngine(typesense))
        await consumer.process(*PAYLOADS)
        await consumer.index()
        await consumer.close()
    assert server.keys == {}


async def test_search_is_complete_during_a_rebuild(
    consumer: Consumer, server: DescribedTypesense, store: Database
) -> None:
    """Before the aliases move the old collections have every change; afterwards the new ones do."""
    await consumer.process(*PAYLOADS)
    await consumer.index()
    await consumer.run_requested_parts()
    old = dict(server.aliases)
    await consumer.timer("rebuild")
    number = 20
    while consumer.broker.messages:
        assert copies(server) == await expected(store)
        message = consumer.broker.messages.pop(0)
        await consumer.process(ReindexRequested.model_validate_json(message.body))
        number += 1
        await consumer.process(killmail(number, (number, 5), [(11, 2)]), battle(number, 1, [number]))
        await consumer.index()
    assert copies(server) == await expected(store)
    assert all(server.aliases[name] != old[name] for name in old)
    assert set(server.schemas) == set(server.aliases.values())


async def test_a_cancelled_rebuild_leaves_no_collection(
    consumer: Consumer, server: DescribedTypesense, store: Database
) -> None:
    await consumer.process(*PAYLOADS)
    await consumer.index()
    await consumer.run_requested_parts()
    before = dict(server.aliases)
    await consumer.timer("rebuild")
    await consumer.process(ReindexRequested.model_validate_json(consumer.broker.messages.pop(0).body))
    async with store.connection() as connection:
        await connection.execute("UPDATE reindex_jobs SET status = 'cancelled' WHERE status = 'running'")
    await consumer.run_requested_parts()
    assert server.aliases == before
    assert set(server.schemas) == set(before.values())


@pytest.mark.parametrize("collection", Collection)
async def test_a_collection_can_be_created_twice(collection: Collection, server: DescribedTypesense) -> None:
    async with open_typesense(server.url, SecretStr(KEY)) as typesense:
        engine = TypesenseEngine(typesense)
        await engine.begin_rebuild("x")
        await engine.begin_rebuild("x")
    assert generation(collection, "x") in server.schemas


@pytest.mark.skipif(
    "TYPESENSE_URL" not in os.environ, reason="TYPESENSE_URL names no server; its collections would be replaced"
)
async def test_a_real_server_has_the_copies(store: Database) -> None:
    """Before and after a rebuild, which also drops what earlier runs left."""
    key = SecretStr(os.environ.get("TYPESENSE_API_KEY", ""))
    async with open_typesense(os.environ["TYPESENSE_URL"], key) as typesense:
        consumer = Consumer(store, TypesenseEngine(typesense))
        await consumer.process(*PAYLOADS)
        await consumer.timer("rebuild")
        await consumer.run_requested_parts()
        await consumer.process(battle(2, 2, None))
        await consumer.index()
        await consumer.close()
        for name, documents in (await expected(store)).items():
            lines = await typesense.call(lambda client, n=name: client.collections[n].documents.export())
            found = map(json.loads, lines.splitlines())
            assert {document["id"]: without_score(document) for document in found} == documents


def test_every_collection_has_a_document_type() -> None:
    assert set(COLLECTION_OF.values()) == set(Collection) == set(DOCUMENTS)
