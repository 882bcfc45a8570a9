"""Offsets that can be committed: per partition everything before the oldest record in flight.

Records are tracked, not offsets: gaps between offsets (transaction markers, compaction) never delay a commit.
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


class OffsetTracker:
    """Tracks the records of one reader. They begin in the order of reading and finish in any order."""

    def __init__(self, start_offsets: Mapping[int, int]) -> None:
        self._partitions = {number: _Partition(offset - 1) for number, offset in start_offsets.items()}
        self._committed = dict(start_offsets)

    def begin(self, partition: int, offset: int) -> None:
        self._partitions[partition].last_read = offset
        self._partitions[partition].in_flight[offset] = None

    def finish(self, partition: int, offset: int) -> None:
        self._partitions[partition].in_flight.pop(offset, None)

    def uncommitted(self) -> dict[int, int]:
        """Next offsets of the partitions where they changed since the last commit."""
        next_offsets = {number: partition.next_offset for number, partition in self._partitions.items()}
        return {number: offset for number, offset in next_offsets.items() if self._committed.get(number) != offset}

    def mark_committed(self, offsets: Mapping[int, int]) -> None:
        self._committed.update(offsets)

    def lag(self, ends: Mapping[int, int]) -> int:
        """Unfinished records: those in flight, and those before `ends` that were not read."""
        in_flight = sum(len(partition.in_flight) for partition in self._partitions.values())
        return in_flight + sum(
            max(0, ends.get(number, 0) - partition.last_read - 1) for number, partition in self._partitions.items()
        )
