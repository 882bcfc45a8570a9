"""Which offsets may be committed: per partition everything before the oldest record still in hand.

It counts records, not numbers: gaps in the offsets (transaction markers, compaction) never hold a commit back.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(slots=True)
class _Partition:
    last_read: int
    in_flight: dict[int, None] = field(default_factory=dict[int, None])

    @property
    def next_offset(self) -> int:
        return next(iter(self.in_flight), self.last_read + 1)


class Offsets:
    """The bookkeeping of one reader. Records begin in the order they were read, and finish in any."""

    def __init__(self, start: Mapping[int, int]) -> None:
        self._partitions = {number: _Partition(offset - 1) for number, offset in start.items()}
        self._committed = dict(start)

    def begin(self, partition: int, offset: int) -> None:
        self._partitions[partition].last_read = offset
        self._partitions[partition].in_flight[offset] = None

    def finish(self, partition: int, offset: int) -> None:
        self._partitions[partition].in_flight.pop(offset, None)

    def due(self) -> dict[int, int]:
        """Offsets to continue with, of those partitions where they moved since the last commit."""
        now = {number: partition.next_offset for number, partition in self._partitions.items()}
        return {number: offset for number, offset in now.items() if self._committed.get(number) != offset}

    def committed(self, offsets: Mapping[int, int]) -> None:
        self._committed.update(offsets)

    def behind(self, ends: Mapping[int, int]) -> int:
        """Records not finished yet: those in hand and those not read, as far as `ends` is right."""
        in_flight = sum(len(partition.in_flight) for partition in self._partitions.values())
        return in_flight + sum(
            max(0, ends.get(number, 0) - partition.last_read - 1) for number, partition in self._partitions.items()
        )
