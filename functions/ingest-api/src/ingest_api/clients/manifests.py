"""Writes manifests of backfill jobs to object storage; a written manifest starts a job."""

from dataclasses import dataclass, field
from functools import cached_property
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import quote

import httpx2

from battlescope_events.errors import TransientError

if TYPE_CHECKING:
    from botocore.auth import S3SigV4Auth


@dataclass(frozen=True)
class ManifestClient:
    """The bucket whose notifications start the planner of ingest-backfill."""

    client: httpx2.AsyncClient
    endpoint_url: str
    region: str
    bucket: str
    access_key_id: str
    secret_access_key: str = field(repr=False)

    async def put(self, key: str, body: bytes) -> str:
        """Write a manifest and return its ETag, which identifies the content of the object.

        Raises:
            TransientError: object storage does not respond or rejects the object.
        """
        url = f"{self.endpoint_url.rstrip('/')}/{quote(self.bucket)}/{quote(key)}"
        try:
            response = await self.client.put(url, content=body, headers=self._signed_headers(url, body))
        except httpx2.HTTPError as error:
            raise TransientError(f"Object storage does not respond: {error!r}.") from error
        etag = response.headers.get("etag")
        if response.status_code != HTTPStatus.OK or not etag:
            raise TransientError(f"Object storage rejects {key}: status {response.status_code}.")
        return etag

    def _signed_headers(self, url: str, body: bytes) -> dict[str, str]:
        from botocore.awsrequest import AWSRequest  # noqa: PLC0415  # a slow import that most requests do not need

        request = AWSRequest("PUT", url, headers={"content-type": "application/json"}, data=body)
        self._signer.add_auth(request)  # pyright: ignore[reportUnknownMemberType]  # botocore ships no types
        return {str(name): str(value) for name, value in request.headers.items()}

    @cached_property
    def _signer(self) -> "S3SigV4Auth":
        from botocore.auth import S3SigV4Auth  # noqa: PLC0415  # as above
        from botocore.credentials import Credentials  # noqa: PLC0415  # as above

        return S3SigV4Auth(Credentials(self.access_key_id, self.secret_access_key), "s3", self.region)
