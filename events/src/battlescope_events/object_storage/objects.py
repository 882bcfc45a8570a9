"""Reads and writes single objects, for hot paths: obstore takes a quarter of the CPU of boto3.

obstore is imported at first use, because many instances never need an object.
"""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Final, NamedTuple

from battlescope_events.object_storage.access import (
    ATTEMPTS,
    CONNECT_SECONDS,
    MAX_REQUESTS,
    REQUEST_SECONDS,
    RETRY_SECONDS,
    SILENCE_SECONDS,
    BucketAccess,
)
from battlescope_events.object_storage.errors import (
    InvalidKey,
    ObjectExists,
    ObjectTooLarge,
    RangeBeyondEnd,
    translate_obstore_error,
)
from battlescope_events.object_storage.keys import key_error

if TYPE_CHECKING:
    from obstore import GetOptions, PutMode
    from obstore.store import S3Store

GZIP: Final = "application/gzip"
JSON: Final = "application/json"
PIECE_BYTES: Final = 4 * 1024 * 1024  # of a streamed object; memory holds only a few pieces at a time
_LARGEST_OBJECT: Final = 5 * 1024**4  # bytes, by S3


class ByteRange(NamedTuple):
    """A range of an object; `offset` is the position of its first byte."""

    offset: int
    length: int

    @property
    def end(self) -> int:
        return self.offset + self.length


class ObjectStorage:
    """Objects of one bucket.

    Every method raises `TransientError` if the server does not execute the request after some attempts, and
    `InvalidKey` for a key that obstore would change.
    """

    def __init__(self, access: BucketAccess, *, max_requests: int = MAX_REQUESTS, attempts: int = ATTEMPTS) -> None:
        self._access, self._attempts = access, attempts
        self._slots = asyncio.Semaphore(max_requests)

    async def get(self, key: str, *, max_bytes: int) -> bytes:
        """The content of an object.

        Raises:
            ObjectMissing: there is no such object.
            ObjectTooLarge: it has more than `max_bytes` bytes.
        """
        async with self._request(key):
            result = await self._store.get_async(key)
            if result.meta["size"] > max_bytes:
                raise ObjectTooLarge(f"Object {key} has {result.meta['size']} bytes, more than {max_bytes}.")
            return bytes(await result.bytes_async())

    async def get_range(self, key: str, byte_range: ByteRange, *, max_bytes: int) -> bytes:
        """The bytes of a range, fewer if the object ends within it.

        Raises:
            ObjectMissing: there is no such object.
            ObjectTooLarge: the range has more than `max_bytes` bytes.
            RangeBeyondEnd: the object ends before the range.
        """
        if byte_range.length < 1:
            return b""
        if byte_range.end > _LARGEST_OBJECT:
            raise RangeBeyondEnd(f"No object is as long as the requested range of {key}.")
        if byte_range.length > max_bytes:
            raise ObjectTooLarge(f"A range of {key} has {byte_range.length} bytes, more than {max_bytes}.")
        async with self._request(key):
            return bytes(await self._store.get_range_async(key, start=byte_range.offset, end=byte_range.end))

    async def get_ranges(self, key: str, ranges: Sequence[ByteRange], *, max_bytes: int) -> list[bytes]:
        """The bytes of each range, by one request from the first byte to the last. Raises as `get_range` does."""
        first, end = min(part.offset for part in ranges), max(part.end for part in ranges)
        content = await self.get_range(key, ByteRange(first, end - first), max_bytes=max_bytes)
        return [content[part.offset - first : part.end - first] for part in ranges]

    async def stream(self, key: str, *, piece_bytes: int = PIECE_BYTES) -> AsyncGenerator[bytes]:
        """The content of an object of any size, by one request for each piece.

        Raises:
            ObjectMissing: there is no such object.
            TransientError: also if the object was replaced in between: its pieces would be those of two objects.
        """
        offset, size = 0, 1
        condition: GetOptions = {}
        while offset < size:
            options: GetOptions = {"range": (offset, offset + piece_bytes), **condition}
            try:
                async with self._request(key):
                    result = await self._store.get_async(key, options=options)
                    piece = bytes(await result.bytes_async())
            except RangeBeyondEnd:  # an empty object has no range
                return
            yield piece
            offset, size = offset + len(piece), result.meta["size"]
            condition = {"if_match": result.meta["e_tag"]}

    async def put(self, key: str, body: bytes, content_type: str) -> str:
        """Write an object, replace an existing one, and return its etag."""
        return await self._put(key, body, content_type, "overwrite")

    async def put_once(self, key: str, body: bytes, content_type: str) -> bool:
        """Write an object unless its key exists, and return whether it was written."""
        try:
            await self._put(key, body, content_type, "create")
        except ObjectExists:
            return False
        return True

    async def etag(self, key: str) -> str:
        """The etag of an object.

        Raises:
            ObjectMissing: there is no such object.
        """
        async with self._request(key):
            return _bare_etag((await self._store.head_async(key))["e_tag"])

    async def _put(self, key: str, body: bytes, content_type: str, mode: "PutMode") -> str:
        async with self._request(key):
            # In one request, however large: a multipart upload leaves parts behind, and knows no condition.
            result = await self._store.put_async(
                key, body, attributes={"Content-Type": content_type}, mode=mode, use_multipart=False
            )
        return _bare_etag(result["e_tag"])

    @asynccontextmanager
    async def _request(self, key: str) -> AsyncGenerator[None]:
        """Wait for a free slot, and translate the errors of obstore."""
        from obstore.exceptions import BaseError  # noqa: PLC0415  # see the module

        error = key_error(key)
        if error is not None:
            raise InvalidKey(f"The key {key[:80]!r} {error}.")
        async with self._slots:
            try:
                yield
            except (BaseError, FileNotFoundError) as error:
                raise translate_obstore_error(error, key) from error

    @cached_property
    def _store(self) -> "S3Store":
        from obstore.store import S3Store  # noqa: PLC0415  # see the module

        return S3Store(
            self._access.bucket,
            endpoint=self._access.endpoint_url,
            region=self._access.region,
            access_key_id=self._access.access_key_id,
            secret_access_key=self._access.secret_access_key,
            virtual_hosted_style_request=False,
            client_options={
                "allow_http": True,
                "connect_timeout": timedelta(seconds=CONNECT_SECONDS),
                "read_timeout": timedelta(seconds=SILENCE_SECONDS),
                "timeout": timedelta(seconds=REQUEST_SECONDS),
            },
            retry_config={"max_retries": self._attempts - 1, "retry_timeout": timedelta(seconds=RETRY_SECONDS)},
        )


def _bare_etag(etag: str | None) -> str:
    return (etag or "").strip('"')
