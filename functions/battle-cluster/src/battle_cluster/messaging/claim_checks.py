"""Batches behind claim checks: enriched killmails to read, and battle changes to write, in object storage."""

import asyncio
from dataclasses import dataclass
from typing import Final

from battle_cluster.messaging.enriched_killmail import IncomingKillmail, read_lines
from battlescope_events.errors import PermanentError
from battlescope_events.object_storage.objects import GZIP, ObjectStorage
from battlescope_schemas.archive import decompress_batch
from battlescope_schemas.reference import KillmailChunk

_MAX_BYTES: Final = 64 * 1024 * 1024  # of a batch; 1,500 backfilled killmails are about 1 MB


@dataclass(frozen=True, slots=True)
class ClaimCheckStore:
    storage: ObjectStorage

    async def read_killmails(self, claim_check: KillmailChunk) -> tuple[IncomingKillmail, ...]:
        """The killmails of one batch; a large one is decoded in a thread, so that live killmails do not wait.

        Raises:
            PermanentError: there is no such object, or it is not gzip with one enriched killmail per line.
            TransientError: object storage does not answer.
        """
        key = claim_check.chunk_key
        if claim_check.content is not None:
            return _decode(key, claim_check.content)
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
        return tuple(read_lines(decompress_batch(body)))
    except ValueError as error:
        raise PermanentError(f"Object {key} is not gzip with one enriched killmail per line.") from error
