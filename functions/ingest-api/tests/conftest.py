"""ingest-api over a fresh database and a bucket of moto's. ingest-poll owns the tables: tests arrange as its role."""

from collections.abc import AsyncGenerator

import pytest
from ingest_api_harness import TOKEN, ApiHarness, running_app

from battlescope_local.settings import S3Access
from battlescope_local.testing.buckets import create_bucket
from battlescope_local.testing.databases import Database


@pytest.fixture
async def harness(clone: Database, moto: S3Access) -> AsyncGenerator[ApiHarness]:
    bucket = create_bucket(moto)
    async with running_app(clone.url("ingest-api"), bucket.bucket_access) as client:
        client.headers["authorization"] = f"Bearer {TOKEN}"
        yield ApiHarness(client, clone.owner, bucket)
