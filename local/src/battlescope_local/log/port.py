"""Port of the durable log under the Brokers: topics, partitions and consumer-group offsets.

`sqlite_log.py` implements it on one machine, `kafka_log.py` on every server with the Kafka API.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Protocol

from battlescope_events.record_size import record_bytes


class NotDurable(Exception):
    """The log did not acknowledge the write; the record may be in the log or not, so that a retry is safe."""


@dataclass(frozen=True, slots=True)
class Topic:
    name: str
    partitions: int
    replication_factor: int = 1
    config: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True)
class Record:
    key: bytes | None
    value: bytes
    headers: tuple[tuple[str, bytes], ...] = ()

    @property
    def size(self) -> int:
        """Bytes with the framing of Kafka, which its limits count."""
        return record_bytes(self.key, self.value, self.headers)


@dataclass(frozen=True, slots=True)
class StoredRecord:
    """A record and its position; `timestamp` in milliseconds since 1970 (0 if the log stores none)."""

    partition: int
    offset: int
    record: Record
    timestamp: int = 0


Wanted = Callable[[StoredRecord], bool]
"""Called for each record that a reader passes, in the order of its partition: whether `read` returns it.

It may be called again for a record that is wanted, before `read` returns it.
"""


def every_record(_: StoredRecord) -> bool:
    return True


class Reader(Protocol):
    """The only consumer of a group: it reads each partition in order and never skips a record."""

    start_offsets: Mapping[int, int]
    """First offset to read of each partition; 0 means the earliest record."""

    async def read(self, limit: int) -> Sequence[StoredRecord]:
        """Wait for records; an empty result means that none that is wanted arrived within the timeout."""
        ...

    async def commit(self, offsets: Mapping[int, int]) -> None:
        """Store the next offset to read of each partition.

        Raises:
            NotDurable: the log did not acknowledge the offsets.
        """
        ...

    def pause(self, partitions: Collection[int]) -> None: ...

    def resume(self, partitions: Collection[int]) -> None: ...

    def high_watermarks(self) -> Mapping[int, int]:
        """End of each partition without a request to the log; it can be too low."""
        ...


class Log(Protocol):
    async def create_topics(self, topics: Sequence[Topic]) -> None:
        """Create missing topics; the partitions of existing ones do not change."""
        ...

    async def produce(self, topic: str, record: Record) -> None:
        """Return when the record is durable.

        Raises:
            NotDurable: the log did not acknowledge the record.
        """
        ...

    def reader(self, topic: str, group: str, wanted: Wanted = every_record) -> AbstractAsyncContextManager[Reader]:
        """Read as `group` from its committed offsets, and from the earliest record where it has none."""
        ...

    async def tail(self, topic: str, limit: int) -> Sequence[StoredRecord]:
        """The newest records in order of time; no group's offsets change."""
        ...
