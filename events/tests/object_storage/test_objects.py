"""Single objects, in a real SeaweedFS and in moto."""

from hashlib import md5

import pytest

from battlescope_events.errors import PermanentError, TransientError
from battlescope_events.object_storage.access import BucketAccess
from battlescope_events.object_storage.errors import (
    BucketMissing,
    InvalidKey,
    ObjectMissing,
    ObjectTooLarge,
    RangeBeyondEnd,
)
from battlescope_events.object_storage.objects import ByteRange, ObjectStorage
from battlescope_local.testing.buckets import Bucket

GZIP = "application/gzip"
KEYS = ["a b", "ä/ü", "a+b&c=d?e#f", "100%25", "a'b(c)!*", "chunks/2026-11-01:5", "a~b", "x=1,y", 'q"z', "a<b>"]


@pytest.fixture
def storage(access: BucketAccess) -> ObjectStorage:
    return ObjectStorage(access)


async def test_object_is_read_as_written(storage: ObjectStorage, any_bucket: Bucket) -> None:
    assert await storage.put("a/b", b"0123456789", GZIP) == md5(b"0123456789").hexdigest()
    assert await storage.get("a/b", max_bytes=10) == b"0123456789"
    assert any_bucket.client.head_object(Bucket=any_bucket.name, Key="a/b")["ContentType"] == GZIP
    await storage.put("a/b", b"", GZIP)
    assert await storage.get("a/b", max_bytes=0) == b""


async def test_object_is_written_once(storage: ObjectStorage) -> None:
    await storage.put_once("k", b"first", GZIP)
    await storage.put_once("k", b"second", GZIP)
    assert await storage.get("k", max_bytes=10) == b"first"


async def test_large_object_is_written_in_one_request(storage: ObjectStorage, any_bucket: Bucket) -> None:
    """The condition of a multipart upload would not be checked, and its etag would not be the hash of the content."""
    body = bytes(range(256)) * 50_000
    await storage.put_once("large", body, GZIP)
    await storage.put_once("large", b"other", GZIP)
    stored = any_bucket.client.head_object(Bucket=any_bucket.name, Key="large")
    assert stored["ETag"].strip('"') == md5(body).hexdigest()


@pytest.mark.parametrize("key", KEYS)
async def test_key_of_any_characters_is_used_as_it_is(key: str, storage: ObjectStorage, any_bucket: Bucket) -> None:
    await storage.put_once(key, b"0123", GZIP)
    assert any_bucket.keys() == [key]
    assert await storage.get_range(key, ByteRange(1, 2), max_bytes=10) == b"12"


@pytest.mark.parametrize("key", ["", "/a", "a/", "a//b", "..", "a/../b", "a/."])
async def test_key_that_would_be_changed_is_refused(key: str, storage: ObjectStorage, any_bucket: Bucket) -> None:
    with pytest.raises(InvalidKey, match="segment"):
        await storage.put(key, b"", GZIP)
    with pytest.raises(InvalidKey, match="segment"):
        await storage.get(key, max_bytes=1)
    assert any_bucket.keys() == []


async def test_missing_object_is_permanent_and_missing_bucket_is_transient(
    storage: ObjectStorage, missing_bucket: BucketAccess
) -> None:
    for read in (storage.get("none", max_bytes=1), storage.get_range("none", ByteRange(0, 1), max_bytes=1)):
        with pytest.raises(ObjectMissing, match="none does not exist"):
            await read
    with pytest.raises(BucketMissing, match="bucket of object none does not exist"):
        await ObjectStorage(missing_bucket).get("none", max_bytes=1)


async def test_ranges_are_cut_at_the_end_of_the_object(storage: ObjectStorage) -> None:
    await storage.put("k", b"0123456789", GZIP)
    ranges = [ByteRange(8, 5), ByteRange(2, 3), ByteRange(30, 2), ByteRange(0, 1)]
    assert await storage.get_ranges("k", ranges, max_bytes=100) == [b"89", b"234", b"", b"0"]
    with pytest.raises(RangeBeyondEnd, match="k ends before"):
        await storage.get_ranges("k", [ByteRange(10, 5)], max_bytes=100)


async def test_too_large_object_or_range_is_refused(storage: ObjectStorage) -> None:
    await storage.put("k", b"0123456789", GZIP)
    with pytest.raises(ObjectTooLarge, match="10 bytes, more than 9"):
        await storage.get("k", max_bytes=9)
    with pytest.raises(ObjectTooLarge, match="1000000 bytes, more than 9"):
        await storage.get_ranges("k", [ByteRange(0, 1), ByteRange(999_999, 1)], max_bytes=9)


@pytest.mark.parametrize("size", [0, 1, 9, 10, 11, 20, 25])
async def test_object_is_streamed_piece_by_piece(size: int, storage: ObjectStorage) -> None:
    content = bytes(range(size))
    await storage.put("k", content, GZIP)
    pieces = [piece async for piece in storage.stream("k", piece_bytes=10)]
    assert b"".join(pieces) == content
    assert len(pieces) == -(-size // 10)


async def test_missing_object_is_not_streamed(storage: ObjectStorage) -> None:
    with pytest.raises(ObjectMissing):
        [piece async for piece in storage.stream("none")]


async def test_object_that_is_replaced_while_streamed_is_read_again_later(bucket: Bucket) -> None:
    access = bucket.access
    storage = ObjectStorage(
        BucketAccess(access.endpoint, access.region, bucket.name, access.access_key, access.secret_key)
    )
    await storage.put("k", b"0123456789", GZIP)
    pieces = storage.stream("k", piece_bytes=4)
    assert await anext(pieces) == b"0123"
    await storage.put("k", b"abcdefghij", GZIP)
    with pytest.raises(TransientError):
        await anext(pieces)


async def test_wrong_credentials_are_transient(bucket: Bucket) -> None:
    """An operator mends them; then the redelivered event succeeds."""
    access = bucket.access
    storage = ObjectStorage(BucketAccess(access.endpoint, access.region, bucket.name, access.access_key, "wrong"))
    for request in (storage.get("k", max_bytes=1), storage.put("k", b"", GZIP), storage.put_once("k", b"", GZIP)):
        with pytest.raises(TransientError, match="SignatureDoesNotMatch"):
            await request


def test_errors_are_those_of_events() -> None:
    assert issubclass(ObjectMissing, PermanentError)
    assert issubclass(BucketMissing, TransientError)
