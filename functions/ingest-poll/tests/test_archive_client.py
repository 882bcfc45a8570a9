"""Archive client against moto's S3."""

from datetime import date

import boto3
import pytest

from battlescope_events.errors import TransientError
from battlescope_events.http_client import Client
from battlescope_local.settings import S3Access
from battlescope_schemas.archive import make_bundle, read_member
from ingest_poll.archive_client import ArchiveClient


async def test_bundle_is_stored_once_and_never_changed(moto: S3Access) -> None:
    s3 = boto3.client(
        "s3", endpoint_url=moto.endpoint, region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b"
    )
    s3.create_bucket(Bucket="archive")
    bundle = make_bundle(date(2026, 10, 3), [b"one", b"two"])
    async with Client() as internal_client:
        archive = ArchiveClient(internal_client, moto.endpoint, "us-east-1", "archive", "a", "b")
        await archive.put([bundle])
        await archive.put([bundle])  # an existing object counts as stored
        await archive.put([bundle._replace(body=b"other")])
    member = s3.get_object(Bucket="archive", Key=bundle.object_key, Range=bundle.keys[1].http_range)["Body"].read()
    assert read_member(member) == b"two"


async def test_archive_that_refuses_or_does_not_respond_is_unavailable(moto: S3Access) -> None:
    bundle = make_bundle(date(2026, 10, 3), [b"one"])
    async with Client() as internal_client:
        with pytest.raises(TransientError, match="does not store"):
            await ArchiveClient(internal_client, moto.endpoint, "us-east-1", "no-such-bucket", "a", "b").put([bundle])
        with pytest.raises(TransientError, match="does not respond"):
            await ArchiveClient(internal_client, "http://127.0.0.1:9", "us-east-1", "archive", "a", "b").put([bundle])
