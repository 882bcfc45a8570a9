"""Archive client: bundles of raw killmails in S3, written once and never changed."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from http import HTTPStatus
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from battlescope_events.errors import TransientError
from battlescope_events.http_client import Client, NoResponse
from battlescope_schemas.archive import Bundle

if TYPE_CHECKING:
    from botocore.auth import S3SigV4Auth

_MAX_TRIES: Final = 3
# 412: the object exists already, and its key ends in the hash of its content, so it is the same object.
_STORED_STATUSES: Final = {HTTPStatus.OK, HTTPStatus.PRECONDITION_FAILED}


@dataclass(frozen=True)
class ArchiveClient:
    """One bucket over plain HTTP: boto3's client would add 0.2 s to the first batch, and 15 MB."""

    client: Client
    endpoint_url: str
    region: str
    bucket: str
    access_key_id: str
    secret_access_key: str = field(repr=False)

    async def put(self, bundles: Sequence[Bundle]) -> None:
        """Return once every bundle is stored.

        Raises:
            TransientError: the archive does not store one of them now.
        """
        await asyncio.gather(*(self._put(bundle) for bundle in bundles))

    @cached_property
    def _signer(self) -> "S3SigV4Auth":
        """Created on first use: a run without new files needs none."""
        from botocore.auth import S3SigV4Auth  # noqa: PLC0415  # a slow import, see the docstring
        from botocore.credentials import Credentials  # noqa: PLC0415  # as above

        return S3SigV4Auth(Credentials(self.access_key_id, self.secret_access_key), "s3", self.region)

    async def _put(self, bundle: Bundle) -> None:
        error = TransientError("No request was sent to the archive.")
        for _ in range(_MAX_TRIES):
            try:
                status = await self._send(bundle)
            except NoResponse as cause:
                error = TransientError(f"The archive does not respond: {cause}.")
                continue
            if status in _STORED_STATUSES:
                return
            error = TransientError(f"The archive does not store {bundle.object_key}: status {status}.")
        raise error

    async def _send(self, bundle: Bundle) -> int:
        from botocore.awsrequest import AWSRequest  # noqa: PLC0415  # as in _signer

        url = f"{self.endpoint_url.rstrip('/')}/{quote(self.bucket)}/{quote(bundle.object_key)}"
        headers = {"if-none-match": "*", "content-type": "application/gzip"}
        request = AWSRequest("PUT", url, headers=headers, data=bundle.body)
        self._signer.add_auth(request)  # pyright: ignore[reportUnknownMemberType]  # botocore has no types
        signed_headers = {str(name): str(value) for name, value in request.headers.items()}
        return (await self.client.request("PUT", url, signed_headers, bundle.body)).status
