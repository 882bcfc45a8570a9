"""Buckets for tests, in the SeaweedFS of the run or in moto.

Tests arrange and inspect objects by boto3 itself, so that an error of the clients under test does not hide.
"""

import secrets
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final

from battlescope_events.object_storage.access import BucketAccess
from battlescope_local.settings import S3Access

PARALLEL_PUTS: Final = 8


@dataclass(frozen=True, slots=True)
class Bucket:
    """A bucket and a client of its server."""

    access: S3Access
    name: str
    client: Any

    @property
    def url(self) -> str:
        return self.access.endpoint

    @property
    def bucket_access(self) -> BucketAccess:
        return self.access.bucket(self.name)

    def keys(self) -> list[str]:
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=self.name)
        return [entry["Key"] for page in pages for entry in page.get("Contents", [])]

    def put(self, *keys: str) -> None:
        """Objects of one byte; many at once, since a server answers each only when it is on disk."""

        def put(key: str) -> None:
            self.client.put_object(Bucket=self.name, Key=key, Body=b"x")

        with ThreadPoolExecutor(PARALLEL_PUTS) as pool:
            list(pool.map(put, keys))

    def read(self, key: str) -> tuple[bytes, str]:
        """Content and etag of an object."""
        stored = self.client.get_object(Bucket=self.name, Key=key)
        return stored["Body"].read(), stored["ETag"]

    def empty(self) -> None:
        for key in self.keys():
            self.client.delete_object(Bucket=self.name, Key=key)

    def environment(self) -> dict[str, str]:
        """Variables that a function gets from the Secret `archive`."""
        return {
            "S3_ENDPOINT_URL": self.access.endpoint,
            "S3_REGION": self.access.region,
            "S3_BUCKET": self.name,
            "AWS_ACCESS_KEY_ID": self.access.access_key,
            "AWS_SECRET_ACCESS_KEY": self.access.secret_key,
        }


def create_bucket(access: S3Access, name: str | None = None) -> Bucket:
    from boto3.session import Session  # noqa: PLC0415  # 0.2 s that only tests of buckets need

    session: Any = Session()
    client = session.client(
        "s3",
        endpoint_url=access.endpoint,
        region_name=access.region,
        aws_access_key_id=access.access_key,
        aws_secret_access_key=access.secret_key,
    )
    bucket_name = name or f"test-{secrets.token_hex(6)}"
    client.create_bucket(Bucket=bucket_name)
    return Bucket(access, bucket_name, client)
