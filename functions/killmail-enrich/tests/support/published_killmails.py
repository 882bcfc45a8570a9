"""The killmails of a published event."""

import gzip
import json

from battlescope_schemas.reference import KillmailChunk
from killmail_enrich.persistence.archive import Archive


async def lines_of(body: bytes, archive: Archive) -> list[bytes]:
    """The body itself, or the lines of its batch, which travels with the event or is an object."""
    if "chunkKey" not in json.loads(body):
        return [body]
    claim_check = KillmailChunk.model_validate_json(body)
    return gzip.decompress(claim_check.content or await archive.batch(claim_check.chunk_key)).splitlines()
