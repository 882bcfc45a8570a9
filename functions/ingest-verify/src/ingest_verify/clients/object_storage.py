"""Object storage: writes manifests and removes outdated objects, a page of keys at a time."""

import base64
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from hashlib import md5
from html import escape, unescape
from http import HTTPStatus
from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import quote
from xml.etree import ElementTree as ET  # parses only responses of our own object storage

import httpx2

from battlescope_events.errors import TransientError

if TYPE_CHECKING:
    from botocore.auth import S3SigV4Auth

PAGE_SIZE: Final = 1_000  # S3's maximum for one listing and one deletion
_KEY: Final = re.compile(r"<Key>([^<]*)</Key>")


class StoredObject(NamedTuple):
    key: str
    modified: datetime


class ObjectPage(NamedTuple):
    """Objects in the order of their keys; `has_more`: further objects follow."""

    objects: list[StoredObject]
    has_more: bool


@dataclass(frozen=True)
class ObjectStorage:
    client: httpx2.AsyncClient
    endpoint_url: str
    region: str
    bucket: str
    access_key_id: str
    secret_access_key: str = field(repr=False)

    async def put(self, key: str, body: bytes) -> str:
        """Write an object and return its etag.

        Raises:
            TransientError: object storage does not store it now.
        """
        response = await self._request("PUT", f"/{quote(key)}", body, {"content-type": "application/json"})
        etag = response.headers.get("etag")
        if not etag:
            raise TransientError(f"Object storage returns no etag for {key}.")
        return etag

    async def keys_before(self, prefix: str, bound: str) -> list[str]:
        """The first keys below the prefix that sort before `bound`; empty if there are none.

        Raises:
            TransientError: object storage does not respond.
        """
        response = await self._request("GET", f"?list-type=2&max-keys={PAGE_SIZE}&prefix={quote(prefix, safe='')}")
        return [key for key in map(unescape, _KEY.findall(response.text)) if key < bound]

    async def list_page(self, prefix: str, after: str) -> ObjectPage:
        """The first objects below the prefix whose keys sort after `after`.

        Raises:
            TransientError: object storage does not respond.
        """
        query = f"&prefix={quote(prefix, safe='')}&start-after={quote(after, safe='')}"
        response = await self._request("GET", f"?list-type=2&max-keys={PAGE_SIZE}{query}")
        listing = ET.fromstring(response.content)  # noqa: S314  # our own object storage
        objects = [_stored_object(entry) for entry in listing.iterfind("{*}Contents")]
        return ObjectPage(objects, bool(objects) and listing.findtext("{*}IsTruncated") == "true")

    async def delete(self, keys: Sequence[str]) -> None:
        """Delete up to a page of objects; missing ones count as deleted.

        Raises:
            TransientError: object storage does not delete all of them now.
        """
        objects = "".join(f"<Object><Key>{escape(key)}</Key></Object>" for key in keys)
        body = f"<Delete><Quiet>true</Quiet>{objects}</Delete>".encode()
        digest = base64.b64encode(md5(body, usedforsecurity=False).digest()).decode()
        headers = {"content-md5": digest, "content-type": "application/xml"}
        response = await self._request("POST", "?delete=", body, headers)
        if "<Error>" in response.text:
            raise TransientError("Object storage does not delete all of the requested objects.")

    async def _request(
        self, method: str, target: str, body: bytes = b"", headers: dict[str, str] | None = None
    ) -> httpx2.Response:
        url = f"{self.endpoint_url.rstrip('/')}/{quote(self.bucket)}{target}"
        try:
            signed_headers = self._signed_headers(method, url, body, headers or {})
            response = await self.client.request(method, url, content=body, headers=signed_headers)
        except httpx2.HTTPError as error:
            raise TransientError(f"Object storage does not respond: {error!r}.") from error
        if response.status_code != HTTPStatus.OK:
            raise TransientError(f"Object storage responds to {method} with status {response.status_code}.")
        return response

    def _signed_headers(self, method: str, url: str, body: bytes, headers: dict[str, str]) -> dict[str, str]:
        from botocore.awsrequest import AWSRequest  # noqa: PLC0415  # most timer events need no request

        request = AWSRequest(method, url, headers=headers, data=body)
        self._signer.add_auth(request)  # pyright: ignore[reportUnknownMemberType]  # botocore has no types
        return {str(name): str(value) for name, value in request.headers.items()}

    @cached_property
    def _signer(self) -> "S3SigV4Auth":
        from botocore.auth import S3SigV4Auth  # noqa: PLC0415  # as above
        from botocore.credentials import Credentials  # noqa: PLC0415  # as above

        return S3SigV4Auth(Credentials(self.access_key_id, self.secret_access_key), "s3", self.region)


def _stored_object(entry: ET.Element) -> StoredObject:
    key, modified = entry.findtext("{*}Key") or "", entry.findtext("{*}LastModified") or ""
    return StoredObject(key, datetime.fromisoformat(modified))
