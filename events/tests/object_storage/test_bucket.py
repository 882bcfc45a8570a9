"""Lists, copies and deletions, in a real SeaweedFS and in moto."""

from datetime import UTC, datetime, timedelta
from hashlib import md5

import pytest

from battlescope_events.object_storage import bucket as module
from battlescope_events.object_storage.access import BucketAccess
from battlescope_events.object_storage.bucket import BucketClient
from battlescope_events.object_storage.errors import BucketMissing, ObjectMissing, ObjectTooLarge
from battlescope_events.object_storage.objects import JSON
from battlescope_local.testing.buckets import Bucket


@pytest.fixture
def client(access: BucketAccess) -> BucketClient:
    return BucketClient(access)


def store(bucket: Bucket, *keys: str) -> None:
    for key in keys:
        bucket.client.put_object(Bucket=bucket.name, Key=key, Body=key.encode())


async def test_pages_list_every_object_below_the_prefix_once(
    client: BucketClient, any_bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PAGE_SIZE", 2)
    store(any_bucket, "a/1", "a/2", "a/3 ä&<", "a/b/4", "b/1")
    pages = [[stored.key for stored in page] async for page in client.list_pages("a/")]
    assert pages == [["a/1", "a/2"], ["a/3 ä&<", "a/b/4"]]
    page = await client.list_page("a/", after="a/2")
    assert [stored.key for stored in page.objects] == ["a/3 ä&<", "a/b/4"]
    assert not page.has_more
    assert await client.list_page("c/") == ([], False)


async def test_listed_object_has_size_etag_and_time(client: BucketClient, any_bucket: Bucket) -> None:
    store(any_bucket, "abc")
    ((stored,), _) = await client.list_page("a")
    assert (stored.key, stored.size, stored.etag) == ("abc", 3, md5(b"abc").hexdigest())
    assert abs(datetime.now(UTC) - stored.modified) < timedelta(minutes=5)


async def test_objects_are_deleted_and_missing_ones_count_as_deleted(client: BucketClient, any_bucket: Bucket) -> None:
    store(any_bucket, "a&<b", "a/2", "b")
    await client.delete(["a&<b", "a/2", "none"])
    assert any_bucket.keys() == ["b"]


async def test_object_is_copied_and_read(client: BucketClient, any_bucket: Bucket) -> None:
    store(any_bucket, "a b+c")
    await client.copy("a b+c", "copy/of it")
    assert await client.get("copy/of it", max_bytes=5) == b"a b+c"
    assert await client.put("copy/of it", b"replaced", JSON) == md5(b"replaced").hexdigest()
    with pytest.raises(ObjectTooLarge):
        await client.get("copy/of it", max_bytes=4)
    for request in (client.copy("none", "copy"), client.get("none", max_bytes=1)):
        with pytest.raises(ObjectMissing):
            await request


async def test_missing_bucket_is_transient(missing_bucket: BucketAccess) -> None:
    with pytest.raises(BucketMissing):
        await BucketClient(missing_bucket).get("k", max_bytes=1)


async def test_bucket_is_created_unless_it_exists(missing_bucket: BucketAccess) -> None:
    client = BucketClient(missing_bucket)
    await client.create()
    await client.create()
    assert await client.list_page("") == ([], False)
