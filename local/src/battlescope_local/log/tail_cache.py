"""Cache of a partition's newest records: readers that keep up read no file and share decoded events."""

from collections import deque
from collections.abc import Sequence
from typing import Final

from battlescope_local.log.port import StoredRecord

MAX_RECORDS: Final = 1000  # more than the distance between two Triggers that keep up
MAX_BYTES: Final = 1024 * 1024  # limits the memory of large records: a Broker has eight partitions


class TailCache:
    """Holds records whose offsets have no gaps, as the single writer of a SQLite log assigns them."""

    def __init__(self) -> None:
        self._records = deque[StoredRecord]()
        self._bytes = 0

    def add(self, stored: StoredRecord) -> None:
        self._records.append(stored)
        self._bytes += stored.record.size
        while len(self._records) > MAX_RECORDS or self._bytes > MAX_BYTES:
            self._bytes -= self._records.popleft().record.size

    def read_from(self, offset: int, limit: int) -> Sequence[StoredRecord] | None:
        """Records from `offset` on; None if the cache no longer holds that offset."""
        if not self._records or offset < self._records[0].offset:
            return None
        start = offset - self._records[0].offset
        return [self._records[index] for index in range(start, min(start + limit, len(self._records)))]
