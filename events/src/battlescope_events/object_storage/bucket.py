"""Lists, copies and deletes objects of one bucket by boto3, and reads and writes manifests, whose keys have any form.

boto3 is imported in the thread of the first request: the import takes 0.2 s and 30 MB. A command that ends with its
last request uses it for single objects too, because its threads end with the event loop.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import closing
from datetime import datetime
from functools import cached_property
from typing import Any, Final, NamedTuple, TypeVar

from battlescope_events.errors import TransientError
from battlescope_events.object_storage.access import ATTEMPTS, CONNECT_SECONDS, SILENCE_SECONDS, BucketAccess
from battlescope_events.object_storage.errors import ObjectTooLarge, translate_boto_error

PAGE_SIZE: Final = 1_000  # S3's maximum for one listing and one deletion
T = TypeVar("T")


class StoredObject(NamedTuple):
    key: str
    etag: str
    size: int
    modified: datetime


class ObjectPage(NamedTuple):
    """Objects in the order of their keys; `has_more`: further objects follow."""

    objects: list[StoredObject]
    has_more: bool


class BucketClient:
    """Every method raises `TransientError` if the server does not execute the request after some attempts."""

    def __init__(self, access: BucketAccess) -> None:
        self._access = access

    async def list_page(self, prefix: str, *, after: str = "") -> ObjectPage:
        """The first objects below the prefix whose keys sort after `after`."""
        return await self._run(prefix, self._list_page, prefix, after)

    async def list_pages(self, prefix: str) -> AsyncGenerator[list[StoredObject]]:
        """All objects below the prefix, page by page."""
        page = ObjectPage([], has_more=True)
        while page.has_more:
            page = await self.list_page(prefix, after=page.objects[-1].key if page.objects else "")
            yield page.objects

    async def get(self, key: str, *, max_bytes: int) -> bytes:
        """The content of an object.

        Raises:
            ObjectMissing: there is no such object.
            ObjectTooLarge: it has more than `max_bytes` bytes.
        """
        return await self._run(key, self._get, key, max_bytes)

    async def put(self, key: str, body: bytes, content_type: str) -> str:
        """Write an object, replace an existing one, and return its etag."""
        fields = {"Bucket": self._access.bucket, "Key": key, "Body": body, "ContentType": content_type}
        response = await self._run(key, lambda: self._client.put_object(**fields))
        return response["ETag"].strip('"')

    async def copy(self, key: str, to: str) -> None:
        """Copy within the bucket, so even an object that is too large to download can be copied.

        Raises:
            ObjectMissing: there is no such object.
        """
        source = {"Bucket": self._access.bucket, "Key": key}
        await self._run(key, lambda: self._client.copy_object(Bucket=self._access.bucket, Key=to, CopySource=source))

    async def delete(self, keys: Sequence[str]) -> None:
        """Delete up to a page of objects; missing ones count as deleted."""
        objects = {"Objects": [{"Key": key} for key in keys], "Quiet": True}
        response = await self._run(
            "the objects to delete",
            lambda: self._client.delete_objects(Bucket=self._access.bucket, Delete=objects),
        )
        if errors := response.get("Errors"):
            raise TransientError(
                f"Object storage did not delete {len(errors)} of {len(keys)} objects: {errors[0]['Code']}."
            )

    async def create(self) -> None:
        """Create the bucket unless it exists."""
        await self._run(self._access.bucket, self._create)

    async def _run(self, key: str, request: Callable[..., T], *arguments: object) -> T:
        """Send a request in a thread, and translate its errors."""
        return await asyncio.to_thread(self._translated, key, request, *arguments)

    def _translated(self, key: str, request: Callable[..., T], *arguments: object) -> T:
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415  # see the module

        try:
            return request(*arguments)
        except (BotoCoreError, ClientError) as error:
            raise translate_boto_error(error, key) from error

    def _list_page(self, prefix: str, after: str) -> ObjectPage:
        response = self._client.list_objects_v2(
            Bucket=self._access.bucket, Prefix=prefix, StartAfter=after, MaxKeys=PAGE_SIZE
        )
        objects = [_stored_object(entry) for entry in response.get("Contents", [])]
        return ObjectPage(objects, bool(objects) and response["IsTruncated"])

    def _get(self, key: str, max_bytes: int) -> bytes:
        response = self._client.get_object(Bucket=self._access.bucket, Key=key)
        with closing(response["Body"]) as body:  # not the body itself: as a context it is urllib3's, with its errors
            if response["ContentLength"] > max_bytes:
                raise ObjectTooLarge(f"Object {key} has {response['ContentLength']} bytes, more than {max_bytes}.")
            return body.read()

    def _create(self) -> None:
        if self._access.bucket not in {bucket["Name"] for bucket in self._client.list_buckets()["Buckets"]}:
            self._client.create_bucket(Bucket=self._access.bucket)

    @cached_property
    def _client(self) -> Any:
        from boto3.session import Session  # noqa: PLC0415  # see the module
        from botocore.config import Config  # noqa: PLC0415  # as above

        session: Any = Session(
            aws_access_key_id=self._access.access_key_id, aws_secret_access_key=self._access.secret_access_key
        )
        config = Config(
            connect_timeout=CONNECT_SECONDS,
            read_timeout=SILENCE_SECONDS,
            retries={"total_max_attempts": ATTEMPTS, "mode": "standard"},
            s3={"addressing_style": "path"},
            request_checksum_calculation="when_required",  # other servers than AWS do not know the newer checksums
            response_checksum_validation="when_required",
        )
        return session.client(
            "s3", endpoint_url=self._access.endpoint_url, region_name=self._access.region, config=config
        )


def _stored_object(entry: dict[str, Any]) -> StoredObject:
    return StoredObject(entry["Key"], entry["ETag"].strip('"'), entry["Size"], entry["LastModified"])
