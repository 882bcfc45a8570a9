"""Claim checks: many records, or one too large for an event, as a gzip NDJSON object."""

import zlib
from collections.abc import Collection
from typing import Final

from battlescope_schemas.enriched import EnrichedKillmail
from battlescope_schemas.reference import KillmailChunk

LARGEST_EVENT_BODY: Final = 900_000  # the Broker takes 1 MiB, attributes included, and refuses more for ever
_LEVEL: Final = 2  # a fifth larger than level 6, at a third of its time
_GZIP: Final = 31  # zlib's word for: 32 KiB window, in a gzip frame


def of_mail(mail: EnrichedKillmail) -> tuple[KillmailChunk, bytes]:
    """The claim check of one large mail, and the object it points to."""
    writer = Writer()
    writer.add([mail.model_dump_json(by_alias=True, exclude_none=True).encode()])
    key = f"chunks/enriched/{mail.killmail_id}.jsonl.gz"
    return KillmailChunk(chunk_key=key, count=1, date=mail.killmail_time.date()), writer.finish()


def enriched_of(chunk: KillmailChunk, count: int) -> KillmailChunk:
    """The enriched form of a chunk of references; the same chunk leads to the same place."""
    key = f"chunks/enriched/{chunk.chunk_key.removeprefix('chunks/')}"
    return KillmailChunk(chunk_key=key, count=count, date=chunk.date, job_id=chunk.job_id)


class Writer:
    """Collects enriched mails into the bytes of one chunk. No clock in them: the same mails are the same object."""

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
