"""A fresh database, a bucket of moto's and a source that tests steer.

ingest-poll owns the tables, so tests arrange as its role.
"""

from collections.abc import AsyncGenerator

import httpx2
import pytest
from psycopg_pool import AsyncConnectionPool
from verified_days import NOW, Rows, Source

from battlescope_events.object_storage.bucket import BucketClient
from battlescope_local.settings import S3Access
from battlescope_local.testing.buckets import Bucket, create_bucket
from battlescope_local.testing.databases import Database
from ingest_verify.clients.day_listing import DayListingClient
from ingest_verify.handlers.verification import Verifier
from ingest_verify.persistence.transaction import Connection, Store


@pytest.fixture
def rows(clone: Database) -> Rows:
    return Rows(clone.owner)


@pytest.fixture
async def store(database: str) -> AsyncGenerator[Store]:
    options = {"connection_class": Connection, "kwargs": {"autocommit": True}, "open": False}
    async with AsyncConnectionPool(database, min_size=1, max_size=2, **options) as pool:
        yield Store(pool)


@pytest.fixture
def bucket(moto: S3Access) -> Bucket:
    return create_bucket(moto)


@pytest.fixture
def client(bucket: Bucket) -> BucketClient:
    return BucketClient(bucket.bucket_access)


@pytest.fixture
def source() -> Source:
    return Source()


@pytest.fixture
async def history(store: Store, source: Source) -> AsyncGenerator[DayListingClient]:
    async with httpx2.AsyncClient(transport=httpx2.MockTransport(source)) as http_client:
        yield DayListingClient(http_client, "http://source.invalid/", store, lambda: NOW, rate=1e6)


@pytest.fixture
def verifier(store: Store, history: DayListingClient, client: BucketClient) -> Verifier:
    return Verifier(store, history, client, lambda: NOW, enabled=True)
