"""Our bucket: manifests, objects they point to, packs and chunks."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from functools import cached_property
from http import HTTPStatus
from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import quote, urlencode
from xml.etree import ElementTree as ET  # read is what our own store answers

from battlescope_events.http_client import Client, NoResponse, Response
from ingest_backfill.errors import UnavailableError

if TYPE_CHECKING:
    from botocore.auth import S3SigV4Auth

PIECE: Final = 4 * 1024 * 1024  # of an object read in pieces: a few of them are all the memory it takes
_TRIES: Final = 3
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
    """One bucket, spoken to directly: boto3's client would take 0.2 s of each start, and 15 MB."""

    def __init__(self, client: Client, bucket: BucketSettings) -> None:
        self._client, self._bucket = client, bucket
        self._path = f"/{quote(bucket.name)}"
        self._root = f"{bucket.endpoint_url.rstrip('/')}{self._path}"

    async def get(self, key: str) -> bytes | None:
        """A whole object, if it is there."""
        answer = await self._ask("GET", f"/{quote(key)}", allowed={HTTPStatus.NOT_FOUND})
        return answer.body if answer.is_success else None

    async def stream(self, key: str) -> AsyncGenerator[bytes]:
        """An object of any size, piece by piece; nothing where there is none."""
        first = 0
        allowed = {HTTPStatus.NOT_FOUND, _PAST_THE_END}
        while True:
            span = {"range": f"bytes={first}-{first + PIECE - 1}"}
            answer = await self._ask("GET", f"/{quote(key)}", allowed=allowed, headers=span)
            if answer.is_success and answer.body:
                yield answer.body
            if answer.status != HTTPStatus.PARTIAL_CONTENT or len(answer.body) < PIECE:
                return
            first += PIECE

    async def put(self, key: str, body: bytes, content_type: str = "application/json") -> None:
        await self._ask("PUT", f"/{quote(key)}", body, headers={"content-type": content_type})

    async def put_if_absent(self, key: str, body: bytes) -> None:
        """Store an object unless one is there; its name tells its content, so it is the same."""
        headers = {"if-none-match": "*", "content-type": "application/gzip"}
        await self._ask("PUT", f"/{quote(key)}", body, allowed={HTTPStatus.PRECONDITION_FAILED}, headers=headers)

    async def copy(self, key: str, to: str) -> None:
        """Inside of the store: an object that is too large to be read is not too large to be kept."""
        source = {"x-amz-copy-source": f"{self._path}/{quote(key)}"}
        await self._ask("PUT", f"/{quote(to)}", allowed={HTTPStatus.NOT_FOUND}, headers=source)

    async def list_pages(self, prefix: str) -> AsyncGenerator[list[StoredObject]]:
        """All objects below a prefix, page by page."""
        query = {"list-type": "2", "prefix": prefix}
        while True:
            answer = await self._ask("GET", f"?{urlencode(sorted(query.items()), quote_via=quote)}")
            page = ET.fromstring(answer.body)  # noqa: S314  # as above
            yield [_listed(entry) for entry in page.iter(f"{_XML}Contents")]
            following = page.findtext(f"{_XML}NextContinuationToken")
            if page.findtext(f"{_XML}IsTruncated") != "true" or not following:
                return
            query["continuation-token"] = following

    @cached_property
    def _signer(self) -> "S3SigV4Auth":
        from botocore.auth import S3SigV4Auth  # noqa: PLC0415  # 50 ms that no start needs
        from botocore.credentials import Credentials  # noqa: PLC0415  # as above

        credentials = Credentials(self._bucket.access_key_id, self._bucket.secret_access_key)
        return S3SigV4Auth(credentials, "s3", self._bucket.region)

    async def _ask(
        self, method: str, target: str, body: bytes = b"", *,
        allowed: set[HTTPStatus] | frozenset[HTTPStatus] = frozenset(), headers: dict[str, str] | None = None,
    ) -> Response:  # fmt: skip
        """Raise Unavailable where the store gives neither success nor an allowed status."""
        failure = ""
        for _ in range(_TRIES):
            try:
                answer = await self._send(method, target, body, headers or {})
            except NoResponse as error:
                failure = str(error)
                continue
            if answer.is_success or answer.status in allowed:
                return answer
            failure = f"status {answer.status}"
        raise UnavailableError(f"The archive does not do {method} {target}: {failure}.")

    async def _send(self, method: str, target: str, body: bytes, headers: dict[str, str]) -> Response:
        from botocore.awsrequest import AWSRequest  # noqa: PLC0415  # as with the signer

        url = f"{self._root}{target}"
        request = AWSRequest(method, url, headers=headers, data=body)
        self._signer.add_auth(request)  # pyright: ignore[reportUnknownMemberType]  # botocore ships no types
        signed = {str(name): str(value) for name, value in request.headers.items()}
        return await self._client.request(method, url, signed, body)


def _listed(entry: ET.Element) -> StoredObject:
    text = {name: entry.findtext(f"{_XML}{name}") or "" for name in ("Key", "ETag", "Size")}
    return StoredObject(text["Key"], text["ETag"].strip('"'), int(text["Size"] or 0))
