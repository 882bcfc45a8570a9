"""The newest records of a partition, held in memory: whoever keeps up reads no file and shares what was decoded."""

from collections import deque
from collections.abc import Sequence
from itertools import islice
from typing import Final

from battlescope_local.log.port import Stored

HELD: Final = 1000  # records: more than lies between two Triggers that keep up
HELD_BYTES: Final = 4 * 1024 * 1024  # bounds what large records may occupy


class Recent:
    """Offsets without gaps, as the one writer of a SQLite log gives them."""

    def __init__(self) -> None:
        self._held = deque[Stored]()
        self._bytes = 0

    def add(self, stored: Stored) -> None:
        self._held.append(stored)
        self._bytes += stored.record.size
        while len(self._held) > HELD or self._bytes > HELD_BYTES:
            self._bytes -= self._held.popleft().record.size

    def since(self, offset: int, limit: int) -> Sequence[Stored] | None:
        """What follows from `offset` on; None where that is no longer held."""
        if not self._held or offset < self._held[0].offset:
            return None
        begin = offset - self._held[0].offset
        return tuple(islice(self._held, begin, begin + limit))
