"""Batches behind claim checks: enriched killmails to read, and battle changes to write, in object storage."""

import asyncio
import gzip
import zlib
from dataclasses import dataclass
from typing import Final

from battle_cluster.messaging.enriched_killmail import IncomingKillmail, from_event
from battlescope_events.errors import PermanentError
from battlescope_events.object_storage.objects import GZIP, ObjectStorage
from battlescope_schemas.enriched import EnrichedKillmail

_MAX_BYTES: Final = 64 * 1024 * 1024  # of a batch; the largest one has 3,000 killmails, about 2 MB


@dataclass(frozen=True, slots=True)
class ClaimCheckStore:
    storage: ObjectStorage

    async def read_killmails(self, key: str) -> tuple[IncomingKillmail, ...]:
        """The killmails of one batch, decoded in a thread, so that live killmails do not wait.

        Raises:
            PermanentError: there is no such object, or it is not gzip with one enriched killmail per line.
            TransientError: object storage does not answer.
        """
        body = await self.storage.get(key, max_bytes=_MAX_BYTES)
        return await asyncio.to_thread(_decode, key, body)

    async def put(self, key: str, body: bytes) -> None:
        """Store an object under a key that is derived from its content, so that a repeated write changes nothing.

        Raises:
            TransientError: object storage does not answer or refuses the object for now.
        """
        await self.storage.put_once(key, body, GZIP)


def _decode(key: str, body: bytes) -> tuple[IncomingKillmail, ...]:
    try:
        # One model at a time: all of them together would be ten times the size of the batch.
        return tuple(
            from_event(EnrichedKillmail.model_validate_json(line)) for line in gzip.decompress(body).splitlines()
        )
    except (OSError, EOFError, ValueError, zlib.error) as error:
        raise PermanentError(f"Object {key} is not gzip with one enriched killmail per line.") from error
