"""Object storage: manifests are written there, and what is too old is removed, a page of keys at a time."""

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
from xml.etree import ElementTree as ET  # read is what our own store answers

import httpx2

from battlescope_events.errors import TransientError

if TYPE_CHECKING:
    from botocore.auth import S3SigV4Auth

PAGE: Final = 1_000  # the most that S3 lists and deletes at once
_KEY: Final = re.compile(r"<Key>([^<]*)</Key>")


class StoredObject(NamedTuple):
    key: str
    modified: datetime


class ObjectPage(NamedTuple):
    """Objects in the order of their keys; `more`: there are others behind them."""

    objects: list[StoredObject]
    more: bool


@dataclass(frozen=True)
class ObjectStorage:
    client: httpx2.AsyncClient
    endpoint_url: str
    region: str
    bucket: str
    access_key_id: str
    secret_access_key: str = field(repr=False)

    async def put(self, key: str, body: bytes) -> str:
        """Write an object; its etag.

        Raises:
            TransientError: object storage does not take it now.
        """
        answer = await self._ask("PUT", f"/{quote(key)}", body, {"content-type": "application/json"})
        etag = answer.headers.get("etag")
        if not etag:
            raise TransientError(f"The object storage gives no etag for {key}.")
        return etag

    async def keys_before(self, prefix: str, bound: str) -> list[str]:
        """The first keys below the prefix that sort before `bound`; none when nothing is left.

        Raises:
            TransientError: object storage does not answer.
        """
        answer = await self._ask("GET", f"?list-type=2&max-keys={PAGE}&prefix={quote(prefix, safe='')}")
        return [key for key in map(unescape, _KEY.findall(answer.text)) if key < bound]

    async def list_page(self, prefix: str, after: str) -> ObjectPage:
        """The first objects below the prefix whose keys sort after this one.

        Raises:
            TransientError: object storage does not answer.
        """
        where = f"&prefix={quote(prefix, safe='')}&start-after={quote(after, safe='')}"
        answer = await self._ask("GET", f"?list-type=2&max-keys={PAGE}{where}")
        found = ET.fromstring(answer.content)  # noqa: S314  # as above
        objects = [_stored(entry) for entry in found.iterfind("{*}Contents")]
        return ObjectPage(objects, bool(objects) and found.findtext("{*}IsTruncated") == "true")

    async def delete(self, keys: Sequence[str]) -> None:
        """Remove up to a page of objects; those that are gone already count as removed.

        Raises:
            TransientError: object storage does not remove all of them now.
        """
        objects = "".join(f"<Object><Key>{escape(key)}</Key></Object>" for key in keys)
        body = f"<Delete><Quiet>true</Quiet>{objects}</Delete>".encode()
        digest = base64.b64encode(md5(body, usedforsecurity=False).digest()).decode()
        answer = await self._ask("POST", "?delete=", body, {"content-md5": digest, "content-type": "application/xml"})
        if "<Error>" in answer.text:
            raise TransientError("The object storage does not remove all objects that it was asked to.")

    async def _ask(
        self, method: str, target: str, body: bytes = b"", headers: dict[str, str] | None = None
    ) -> httpx2.Response:
        url = f"{self.endpoint_url.rstrip('/')}/{quote(self.bucket)}{target}"
        try:
            signed = self._signed(method, url, body, headers or {})
            answer = await self.client.request(method, url, content=body, headers=signed)
        except httpx2.HTTPError as error:
            raise TransientError(f"The object storage does not answer: {error!r}.") from error
        if answer.status_code != HTTPStatus.OK:
            raise TransientError(f"The object storage answers {method} with status {answer.status_code}.")
        return answer

    def _signed(self, method: str, url: str, body: bytes, headers: dict[str, str]) -> dict[str, str]:
        from botocore.awsrequest import AWSRequest  # noqa: PLC0415  # most ticks find nothing to do

        request = AWSRequest(method, url, headers=headers, data=body)
        self._signer.add_auth(request)  # pyright: ignore[reportUnknownMemberType]  # botocore ships no types
        return {str(name): str(value) for name, value in request.headers.items()}

    @cached_property
    def _signer(self) -> "S3SigV4Auth":
        from botocore.auth import S3SigV4Auth  # noqa: PLC0415  # as above
        from botocore.credentials import Credentials  # noqa: PLC0415  # as above

        return S3SigV4Auth(Credentials(self.access_key_id, self.secret_access_key), "s3", self.region)


def _stored(entry: ET.Element) -> StoredObject:
    key, modified = entry.findtext("{*}Key") or "", entry.findtext("{*}LastModified") or ""
    return StoredObject(key, datetime.fromisoformat(modified))
