"""The archive: packs of raw mails in S3, written once and never changed."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, cast

from battlescope_schemas.archive import Pack
from ingest_poll.outcomes import Unavailable

_SECONDS: Final = 10  # for connecting and for each read; the lease of a run is kept meanwhile
_ALREADY_THERE: Final = {"PreconditionFailed", "412"}
_IN_FLIGHT: Final = 8


@dataclass(frozen=True)
class Archive:
    """One bucket. The client is made on first use: importing boto3 would double the cold start."""

    endpoint_url: str
    region: str
    bucket: str
    access_key_id: str
    secret_access_key: str

    async def put(self, packs: Sequence[Pack]) -> None:
        """Return once every pack is stored.

        Raises:
            Unavailable: the archive does not take one now.
        """
        await asyncio.gather(*(asyncio.to_thread(self._put, pack) for pack in packs))

    @cached_property
    def _client(self) -> Any:
        import boto3  # noqa: PLC0415  # see the class
        from botocore.config import Config  # noqa: PLC0415  # comes with it

        config = Config(
            s3={"addressing_style": "path"},
            connect_timeout=_SECONDS,
            read_timeout=_SECONDS,
            retries={"mode": "standard", "max_attempts": 3},
            max_pool_connections=_IN_FLIGHT,
        )
        make = cast("Callable[..., Any]", boto3.client)
        return make(
            "s3",
            endpoint_url=self.endpoint_url,
            region_name=self.region,
            aws_access_key_id=self.access_key_id,
            aws_secret_access_key=self.secret_access_key,
            config=config,
        )

    def _put(self, pack: Pack) -> None:
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415  # see the class

        try:
            self._client.put_object(Bucket=self.bucket, Key=pack.object_key, Body=pack.body, IfNoneMatch="*")
        except ClientError as error:
            response = cast("Mapping[str, Any]", error.response)
            if response["Error"]["Code"] not in _ALREADY_THERE:
                raise Unavailable(f"The archive does not take {pack.object_key}: {error}.") from error
        except BotoCoreError as error:
            raise Unavailable(f"The archive does not answer: {error}.") from error
