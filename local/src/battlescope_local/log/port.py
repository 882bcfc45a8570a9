"""The durable log under the broker, as a port: any log that speaks topics, partitions and group offsets can stand in.

`sqlite_log.py` is the one of a single machine, `kafka_log.py` the adapter for everything that speaks the Kafka API.
"""

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Final, Protocol

# Knative's `max.request.size`: what one event with its attributes may take.
MAX_RECORD_BYTES: Final = 1024 * 1024


class NotDurable(Exception):  # noqa: N818 -- an outcome: the record may or may not be in the log, say it again
    """The log did not acknowledge the record."""


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
        return len(self.value) + len(self.key or b"") + sum(len(name) + len(value) for name, value in self.headers)


@dataclass(frozen=True, slots=True)
class Stored:
    """A record where it lies; `timestamp` in milliseconds since 1970 (0 where the log keeps none)."""

    partition: int
    offset: int
    record: Record
    timestamp: int = 0


class Reader(Protocol):
    """The one consumer of a group: it reads each partition in order and never skips a record."""

    start: Mapping[int, int]
    """Where each partition is read from; 0 stands for the earliest record there is."""

    async def read(self, limit: int) -> Sequence[Stored]:
        """Wait for records; an empty answer only means that none came for a while."""
        ...

    async def commit(self, offsets: Mapping[int, int]) -> None:
        """Remember per partition the offset to continue with; raises NotDurable."""
        ...

    def pause(self, partitions: Collection[int]) -> None: ...

    def resume(self, partitions: Collection[int]) -> None: ...

    def high_watermarks(self) -> Mapping[int, int]:
        """The end of each partition as far as known without asking; it may trail the truth."""
        ...


class Log(Protocol):
    async def create_topics(self, topics: Sequence[Topic]) -> None:
        """Make the topics that do not exist; those that do stay as they are."""
        ...

    async def produce(self, topic: str, record: Record) -> None:
        """Return when the record is durable; raises NotDurable."""
        ...

    def reader(self, topic: str, group: str) -> AbstractAsyncContextManager[Reader]:
        """Read as `group` from its committed offsets, and where it has none from the earliest record."""
        ...

    async def tail(self, topic: str, limit: int) -> Sequence[Stored]:
        """The newest records, oldest first, without touching any group."""
        ...
