"""A fresh database, a bucket of moto's and a source that tests steer.

ingest-poll owns the tables, so tests arrange as its role.
"""

from collections.abc import AsyncGenerator

import pytest
from pydantic import SecretStr
from verified_days import NOW, Rows, Source

from battlescope_events.object_storage.bucket import BucketClient
from battlescope_events.postgres.database import open_pool
from battlescope_local.settings import S3Access
from battlescope_local.testing.buckets import Bucket, create_bucket
from battlescope_local.testing.databases import Database as Clone
from battlescope_local.testing.upstreams import MockHttp, instant_client
from ingest_verify.clients.day_listing import DayListingClient
from ingest_verify.handlers.verification import Verifier
from ingest_verify.main import SERVER_OPTIONS
from ingest_verify.persistence.unit_of_work import Database


@pytest.fixture
def rows(clone: Clone) -> Rows:
    return Rows(clone.owner)


@pytest.fixture
async def store(database: str) -> AsyncGenerator[Database]:
    async with open_pool(SecretStr(database), "test", max_size=2, options=SERVER_OPTIONS) as pool:
        yield Database(pool)


@pytest.fixture
def bucket(moto: S3Access) -> Bucket:
    return create_bucket(moto)


@pytest.fixture
def storage(bucket: Bucket) -> BucketClient:
    return BucketClient(bucket.bucket_access)


@pytest.fixture
def source() -> Source:
    return Source()


@pytest.fixture
def history(source: Source) -> DayListingClient:
    upstream = instant_client("r2z2", MockHttp(source), now=lambda: NOW)
    return DayListingClient(upstream, "http://source.invalid/", lambda: NOW)


@pytest.fixture
def verifier(store: Database, history: DayListingClient, storage: BucketClient) -> Verifier:
    return Verifier(store, history, storage, lambda: NOW, enabled=True)
