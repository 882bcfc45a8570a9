"""ingest-api over a fresh database and a bucket of moto's. ingest-poll owns the tables: tests arrange as its role."""

import sys
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from battlescope_local.settings import S3Access
from battlescope_local.testing.buckets import make_bucket
from battlescope_local.testing.databases import Database

sys.path.insert(0, str(Path(__file__).parent))  # for desk
from ingest_desk import BUCKET, TOKEN, Desk, served  # found by the line above


@pytest.fixture
async def desk(clone: Database, moto: S3Access) -> AsyncGenerator[Desk]:
    make_bucket(moto, BUCKET)
    async with served(clone.url("ingest-api"), moto.endpoint) as client:
        client.headers["authorization"] = f"Bearer {TOKEN}"
        yield Desk(client, clone.owner, moto.endpoint)
