"""Fetches the chunks behind claim checks from object storage."""

import asyncio
import gzip
import zlib
from typing import TYPE_CHECKING, Any

from battle_cluster.messaging.enriched_killmail import IncomingKillmail, from_event
from battlescope_events.errors import PermanentError, TransientError
from battlescope_schemas.enriched import EnrichedKillmail

if TYPE_CHECKING:
    from pydantic import SecretStr


class Archive:
    """Object storage as battle-cluster needs it: chunks of mails to read, chunks of changed battles to write.

    The client library is imported at the first chunk: it costs 0.2 s of every cold start and most pods never need it.
    """

    def __init__(self, endpoint_url: str, region: str, bucket: str, key_id: "SecretStr", secret: "SecretStr") -> None:
        self._options: dict[str, Any] = {"endpoint_url": endpoint_url, "region_name": region}
        self._credentials = (key_id, secret)
        self._bucket = bucket
        self._client: Any = None

    async def chunk(self, key: str) -> tuple[IncomingKillmail, ...]:
        """The mails of one chunk, read beside the event loop: single mails do not wait for it.

        Raises:
            PermanentError: there is no such chunk, or a line of it is no enriched killmail.
            TransientError: the storage does not answer.
        """
        return await asyncio.to_thread(self._read, key)

    async def put(self, key: str, body: bytes) -> None:
        """Store an object whose key tells its content, so that writing it again changes nothing.

        Raises:
            TransientError: the storage does not take it now.
        """
        await asyncio.to_thread(self._put, key, body)

    def _read(self, key: str) -> tuple[IncomingKillmail, ...]:
        body = self._get(key)
        try:
            # One model at a time: all of them together would be ten times the chunk.
            return tuple(
                from_event(EnrichedKillmail.model_validate_json(line)) for line in gzip.decompress(body).splitlines()
            )
        except (OSError, EOFError, ValueError, zlib.error) as error:
            raise PermanentError(f"The chunk {key} is not gzip with one enriched killmail a line.") from error

    def _get(self, key: str) -> bytes:
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415  # see the class

        try:
            return self._connected().get_object(Bucket=self._bucket, Key=key)["Body"].read()
        except ClientError as error:
            answer: Any = error.response
            if answer["Error"]["Code"] in {"NoSuchKey", "404"}:
                raise PermanentError(f"There is no chunk {key}.") from error
            raise TransientError(f"The object storage refuses chunk {key} now: {error}.") from error
        except BotoCoreError as error:
            raise TransientError(f"The object storage does not answer: {error}.") from error

    def _put(self, key: str, body: bytes) -> None:
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415  # see the class

        try:
            self._connected().put_object(Bucket=self._bucket, Key=key, Body=body, ContentType="application/gzip")
        except (BotoCoreError, ClientError) as error:
            raise TransientError(f"The object storage does not take chunk {key} now: {error}.") from error

    def _connected(self) -> Any:
        if self._client is None:
            from boto3.session import Session  # noqa: PLC0415  # see the class

            key_id, secret = (part.get_secret_value() for part in self._credentials)
            session: Any = Session(aws_access_key_id=key_id, aws_secret_access_key=secret)
            self._client = session.client("s3", **self._options)
        return self._client
