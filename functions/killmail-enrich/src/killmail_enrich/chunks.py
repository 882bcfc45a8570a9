"""Claim checks: many records, or one too large for an event, as a gzip NDJSON object."""

import gzip
import io
import zlib
from collections.abc import Iterator
from typing import Final

from battlescope_schemas.enriched import EnrichedKillmail
from battlescope_schemas.reference import KillmailChunk, KillmailReference
from killmail_enrich.outcomes import Unusable

LARGEST_EVENT_BODY: Final = 900_000  # the Broker takes 1 MiB, attributes included, and refuses more for ever


def of_mail(mail: EnrichedKillmail) -> tuple[KillmailChunk, bytes]:
    """The claim check of one large mail, and the object it points to."""
    writer = Writer()
    writer.add(mail)
    key = f"chunks/enriched/{mail.killmail_id}.jsonl.gz"
    return KillmailChunk(chunk_key=key, count=1, date=mail.killmail_time.date()), writer.finish()


def enriched_of(chunk: KillmailChunk, count: int) -> KillmailChunk:
    """The enriched form of a chunk of references; the same chunk leads to the same place."""
    key = f"chunks/enriched/{chunk.chunk_key.removeprefix('chunks/')}"
    return KillmailChunk(chunk_key=key, count=count, date=chunk.date, job_id=chunk.job_id)


def references(chunk: bytes) -> Iterator[KillmailReference]:
    """Every reference of a chunk, unpacked line by line.

    Raises:
        Unusable: the object is no chunk of references.
    """
    try:
        with gzip.open(io.BytesIO(chunk)) as lines:
            yield from (KillmailReference.model_validate_json(line) for line in lines if line.strip())
    except (OSError, EOFError, ValueError, zlib.error) as error:
        raise Unusable(f"The object is no chunk of killmail references: {error}") from error


class Writer:
    """Collects enriched mails into the bytes of one chunk. No clock in them: the same mails are the same object."""

    def __init__(self) -> None:
        self._bytes = io.BytesIO()
        self._gzip = gzip.GzipFile(fileobj=self._bytes, mode="wb", compresslevel=6, mtime=0)
        self.count = 0

    def add(self, mail: EnrichedKillmail) -> None:
        self._gzip.write(mail.model_dump_json(by_alias=True, exclude_none=True).encode() + b"\n")
        self.count += 1

    def finish(self) -> bytes:
        self._gzip.close()
        return self._bytes.getvalue()
