"""The archive: packs of raw mails in S3, written once and never changed."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from http import HTTPStatus
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from battlescope_events.http_client import Client, NoResponse
from battlescope_schemas.archive import Pack
from ingest_poll.errors import UnavailableError

if TYPE_CHECKING:
    from botocore.auth import S3SigV4Auth

_TRIES: Final = 3
_GOOD: Final = {HTTPStatus.OK, HTTPStatus.PRECONDITION_FAILED}  # the latter: it is there already, under its own hash


@dataclass(frozen=True)
class ArchiveClient:
    """One bucket, spoken to directly: boto3's client would take 0.2 s of the first batch, and 15 MB."""

    client: Client
    endpoint_url: str
    region: str
    bucket: str
    access_key_id: str
    secret_access_key: str = field(repr=False)

    async def put(self, packs: Sequence[Pack]) -> None:
        """Return once every pack is stored.

        Raises:
            Unavailable: the archive does not take one now.
        """
        await asyncio.gather(*(self._put(pack) for pack in packs))

    @cached_property
    def _signer(self) -> "S3SigV4Auth":
        """Made on first use: a tick that finds nothing new needs none."""
        from botocore.auth import S3SigV4Auth  # noqa: PLC0415  # see above
        from botocore.credentials import Credentials  # noqa: PLC0415  # as above

        return S3SigV4Auth(Credentials(self.access_key_id, self.secret_access_key), "s3", self.region)

    async def _put(self, pack: Pack) -> None:
        failure = UnavailableError("The archive was not asked.")
        for _ in range(_TRIES):
            try:
                status = await self._send(pack)
            except NoResponse as error:
                failure = UnavailableError(f"The archive does not answer: {error}.")
                continue
            if status in _GOOD:
                return
            failure = UnavailableError(f"The archive does not take {pack.object_key}: status {status}.")
        raise failure

    async def _send(self, pack: Pack) -> int:
        from botocore.awsrequest import AWSRequest  # noqa: PLC0415  # as with the signer

        url = f"{self.endpoint_url.rstrip('/')}/{quote(self.bucket)}/{quote(pack.object_key)}"
        headers = {"if-none-match": "*", "content-type": "application/gzip"}
        request = AWSRequest("PUT", url, headers=headers, data=pack.body)
        self._signer.add_auth(request)  # pyright: ignore[reportUnknownMemberType]  # botocore ships no types
        signed = {str(name): str(value) for name, value in request.headers.items()}
        return (await self.client.request("PUT", url, signed, pack.body)).status
