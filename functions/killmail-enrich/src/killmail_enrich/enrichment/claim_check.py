"""Claim checks: a batch of records, or one record too large for an event, as a gzip NDJSON object."""

from hashlib import sha256
from typing import Final

from battlescope_events.errors import PermanentError
from battlescope_schemas.archive import compress_batch, decompress_batch
from battlescope_schemas.base import carried
from battlescope_schemas.reference import KillmailChunk
from battlescope_schemas.reference_lines import ReferenceLine, read_reference_line
from killmail_enrich.enrichment.enrichment import EnrichedLine

SUFFIX: Final = ".jsonl.gz"


def read_references(batch: bytes) -> list[ReferenceLine]:
    """Every reference of a batch object.

    Raises:
        PermanentError: the object is not a batch of references.
    """
    try:
        return [read_reference_line(line) for line in decompress_batch(batch).split(b"\n") if line.strip()]
    except ValueError as error:
        raise PermanentError(f"The object is not a batch of killmail references: {error}") from error


def claim_check_of(line: EnrichedLine, content: bytes) -> tuple[KillmailChunk, bytes]:
    """The claim check of one large killmail, and the content of its object. `content`: the encoded line.

    Each value of a killmail is an object of its own.
    """
    revision = "" if line.value_revision is None else f"-{line.value_revision}"
    key = f"chunks/enriched/{line.killmail_id}{revision}{SUFFIX}"
    body = compress_batch(content + b"\n")
    return KillmailChunk(chunk_key=key, count=1, date=line.killmail_time.date()), body


def enriched_claim_check(references: KillmailChunk, content: bytes, count: int) -> KillmailChunk:
    """The claim check of the enriched killmails of a batch of references; the object key is derived from its key.

    Where some killmails were rejected, the key has the digest of the content too: once they are accepted, the whole
    batch is another object and another event.
    """
    name = references.chunk_key.removeprefix("chunks/")
    if count < references.count:
        name = f"{name.removesuffix(SUFFIX)}-{sha256(content).hexdigest()[:16]}{SUFFIX}"
    key = f"chunks/enriched/{name}"
    return references.model_copy(update={"chunk_key": key, "count": count, "content": carried(content)})
