"""Batches behind claim checks: enriched killmails to read, and battle changes to write, in object storage."""

import asyncio
import gzip
import zlib
from typing import TYPE_CHECKING, Any

from battle_cluster.messaging.enriched_killmail import IncomingKillmail, read_lines
from battlescope_events.errors import PermanentError, TransientError

if TYPE_CHECKING:
    from pydantic import SecretStr


class ClaimCheckStore:
    """The object storage client.

    It imports boto3 on first use: the import takes 0.2 s of a cold start, and most pods never read a batch.
    """

    def __init__(self, endpoint_url: str, region: str, bucket: str, key_id: "SecretStr", secret: "SecretStr") -> None:
        self._options: dict[str, Any] = {"endpoint_url": endpoint_url, "region_name": region}
        self._credentials = (key_id, secret)
        self._bucket = bucket
        self._client: Any = None

    async def read_killmails(self, key: str) -> tuple[IncomingKillmail, ...]:
        """The killmails of one batch, read in a thread, so that live killmails do not wait.

        Raises:
            PermanentError: there is no such object, or it is not gzip with one enriched killmail per line.
            TransientError: the object storage does not answer.
        """
        return await asyncio.to_thread(self._read_killmails, key)

    async def put(self, key: str, body: bytes) -> None:
        """Store an object under a key that is derived from its content, so that a repeated write changes nothing.

        Raises:
            TransientError: the object storage does not answer or refuses the object for now.
        """
        await asyncio.to_thread(self._put, key, body)

    def _read_killmails(self, key: str) -> tuple[IncomingKillmail, ...]:
        body = self._get(key)
        try:
            return tuple(read_lines(gzip.decompress(body)))
        except (OSError, EOFError, ValueError, zlib.error) as error:
            raise PermanentError(f"Object {key} is not gzip with one enriched killmail per line.") from error

    def _get(self, key: str) -> bytes:
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415  # see the class

        try:
            return self._connect().get_object(Bucket=self._bucket, Key=key)["Body"].read()
        except ClientError as error:
            response: Any = error.response
            if response["Error"]["Code"] in {"NoSuchKey", "404"}:
                raise PermanentError(f"Object {key} does not exist.") from error
            raise TransientError(f"The object storage refuses object {key} for now: {error}.") from error
        except BotoCoreError as error:
            raise TransientError(f"The object storage does not answer: {error}.") from error

    def _put(self, key: str, body: bytes) -> None:
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415  # see the class

        try:
            self._connect().put_object(Bucket=self._bucket, Key=key, Body=body, ContentType="application/gzip")
        except (BotoCoreError, ClientError) as error:
            raise TransientError(f"The object storage did not store object {key}: {error}.") from error

    def _connect(self) -> Any:
        if self._client is None:
            from boto3.session import Session  # noqa: PLC0415  # see the class

            key_id, secret = (credential.get_secret_value() for credential in self._credentials)
            session: Any = Session(aws_access_key_id=key_id, aws_secret_access_key=secret)
            self._client = session.client("s3", **self._options)
        return self._client
