"""Claim checks: a batch of records, or one record too large for an event, as a gzip NDJSON object."""

import zlib
from collections.abc import Collection, Iterator
from gzip import GzipFile
from io import BytesIO
from typing import Final

from battlescope_events.errors import PermanentError
from battlescope_schemas.reference import KillmailChunk, KillmailReference
from killmail_enrich.enrichment.enriched_line import EnrichedLine

MAX_EVENT_BYTES: Final = 900_000  # the Broker accepts 1 MiB, attributes included; a larger event never passes
_LEVEL: Final = 2  # output a fifth larger than at level 6, in a third of the time
_GZIP: Final = 31  # zlib's wbits for a window of 32 KiB in a gzip frame


def read_references(batch: bytes) -> Iterator[KillmailReference]:
    """Every reference of a batch object, decompressed line by line.

    Raises:
        PermanentError: the object is not a batch of references.
    """
    try:
        with GzipFile(fileobj=BytesIO(batch)) as lines:
            yield from (KillmailReference.model_validate_json(line) for line in lines if not line.isspace())
    except (OSError, EOFError, ValueError, zlib.error) as error:
        raise PermanentError(f"The object is not a batch of killmail references: {error}") from error


def claim_check_of(line: EnrichedLine, content: bytes) -> tuple[KillmailChunk, bytes]:
    """The claim check of one large killmail, and the content of its object. `content`: the encoded line."""
    writer = BatchWriter()
    writer.add([content])
    key = f"chunks/enriched/{line.killmail_id}.jsonl.gz"
    return KillmailChunk(chunk_key=key, count=1, date=line.killmail_time.date()), writer.finish()


def enriched_claim_check(references: KillmailChunk, count: int) -> KillmailChunk:
    """The claim check of the enriched killmails of a batch of references; the object key is derived from its key."""
    key = f"chunks/enriched/{references.chunk_key.removeprefix('chunks/')}"
    return KillmailChunk(chunk_key=key, count=count, date=references.date, job_id=references.job_id)


class BatchWriter:
    """Compresses lines into the content of one batch object. It holds no time, so equal lines give equal bytes."""

    def __init__(self) -> None:
        self._gzip = zlib.compressobj(_LEVEL, zlib.DEFLATED, _GZIP)
        self._parts: list[bytes] = []
        self.count = 0

    def add(self, lines: Collection[bytes]) -> None:
        self._parts.append(self._gzip.compress(b"\n".join([*lines, b""])))
        self.count += len(lines)

    def finish(self) -> bytes:
        self._parts.append(self._gzip.flush())
        return b"".join(self._parts)
