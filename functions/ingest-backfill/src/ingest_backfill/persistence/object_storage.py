"""Object storage: manifests and the objects they name, archive bundles and chunks."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from functools import cached_property
from http import HTTPStatus
from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import quote, urlencode
from xml.etree import ElementTree as ET  # parses only responses of our own object storage

from battlescope_events.errors import TransientError
from battlescope_events.http_client import Client, NoResponse, Response

if TYPE_CHECKING:
    from botocore.auth import S3SigV4Auth

RANGE_BYTES: Final = 4 * 1024 * 1024  # of a streamed object; memory holds only a few ranges at a time
_MAX_TRIES: Final = 3
_PAST_THE_END: Final = HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE
_XML: Final = "{http://s3.amazonaws.com/doc/2006-03-01/}"


@dataclass(frozen=True, slots=True)
class BucketSettings:
    endpoint_url: str
    region: str
    name: str
    access_key_id: str
    secret_access_key: str


class StoredObject(NamedTuple):
    key: str
    etag: str
    size: int


class ObjectStorage:
    """One bucket over plain HTTP: boto3's client would add 0.2 s to each start, and 15 MB.

    Every method raises TransientError if object storage does not execute the request after some tries.
    """

    def __init__(self, client: Client, bucket: BucketSettings) -> None:
        self._client, self._bucket = client, bucket
        self._path = f"/{quote(bucket.name)}"
        self._root = f"{bucket.endpoint_url.rstrip('/')}{self._path}"

    async def get(self, key: str) -> bytes | None:
        """The content of an object, or none if it does not exist."""
        response = await self._request("GET", f"/{quote(key)}", allowed={HTTPStatus.NOT_FOUND})
        return response.body if response.is_success else None

    async def stream(self, key: str) -> AsyncGenerator[bytes]:
        """The content of an object of any size, range by range; nothing if it does not exist."""
        first = 0
        allowed = {HTTPStatus.NOT_FOUND, _PAST_THE_END}
        while True:
            headers = {"range": f"bytes={first}-{first + RANGE_BYTES - 1}"}
            response = await self._request("GET", f"/{quote(key)}", allowed=allowed, headers=headers)
            if response.is_success and response.body:
                yield response.body
            if response.status != HTTPStatus.PARTIAL_CONTENT or len(response.body) < RANGE_BYTES:
                return
            first += RANGE_BYTES

    async def put(self, key: str, body: bytes, content_type: str = "application/json") -> None:
        await self._request("PUT", f"/{quote(key)}", body, headers={"content-type": content_type})

    async def put_if_absent(self, key: str, body: bytes) -> None:
        """Store an object unless its key exists; the key contains the content's hash, so the content is the same."""
        headers = {"if-none-match": "*", "content-type": "application/gzip"}
        await self._request("PUT", f"/{quote(key)}", body, allowed={HTTPStatus.PRECONDITION_FAILED}, headers=headers)

    async def copy(self, key: str, to: str) -> None:
        """Copy within object storage, so even an object that is too large to download can be copied."""
        headers = {"x-amz-copy-source": f"{self._path}/{quote(key)}"}
        await self._request("PUT", f"/{quote(to)}", allowed={HTTPStatus.NOT_FOUND}, headers=headers)

    async def list_pages(self, prefix: str) -> AsyncGenerator[list[StoredObject]]:
        """All objects below a prefix, page by page."""
        query = {"list-type": "2", "prefix": prefix}
        while True:
            response = await self._request("GET", f"?{urlencode(sorted(query.items()), quote_via=quote)}")
            page = ET.fromstring(response.body)  # noqa: S314  # our own object storage
            yield [_stored_object(entry) for entry in page.iter(f"{_XML}Contents")]
            next_token = page.findtext(f"{_XML}NextContinuationToken")
            if page.findtext(f"{_XML}IsTruncated") != "true" or not next_token:
                return
            query["continuation-token"] = next_token

    @cached_property
    def _signer(self) -> "S3SigV4Auth":
        from botocore.auth import S3SigV4Auth  # noqa: PLC0415  # 50 ms that a start does not need
        from botocore.credentials import Credentials  # noqa: PLC0415  # as above

        credentials = Credentials(self._bucket.access_key_id, self._bucket.secret_access_key)
        return S3SigV4Auth(credentials, "s3", self._bucket.region)

    async def _request(
        self, method: str, target: str, body: bytes = b"", *,
        allowed: set[HTTPStatus] | frozenset[HTTPStatus] = frozenset(), headers: dict[str, str] | None = None,
    ) -> Response:  # fmt: skip
        """A response with success or an allowed status; otherwise raises TransientError after the last try."""
        problem = ""
        for _ in range(_MAX_TRIES):
            try:
                response = await self._send(method, target, body, headers or {})
            except NoResponse as error:
                problem = str(error)
                continue
            if response.is_success or response.status in allowed:
                return response
            problem = f"status {response.status}"
        raise TransientError(f"Object storage does not execute {method} {target}: {problem}.")

    async def _send(self, method: str, target: str, body: bytes, headers: dict[str, str]) -> Response:
        from botocore.awsrequest import AWSRequest  # noqa: PLC0415  # as in _signer

        url = f"{self._root}{target}"
        request = AWSRequest(method, url, headers=headers, data=body)
        self._signer.add_auth(request)  # pyright: ignore[reportUnknownMemberType]  # botocore has no types
        signed_headers = {str(name): str(value) for name, value in request.headers.items()}
        return await self._client.request(method, url, signed_headers, body)


def _stored_object(entry: ET.Element) -> StoredObject:
    text = {name: entry.findtext(f"{_XML}{name}") or "" for name in ("Key", "ETag", "Size")}
    return StoredObject(text["Key"], text["ETag"].strip('"'), int(text["Size"] or 0))
