"""`battlescope topics`: topics, partitions and the lag of each consumer group, read from the file of the local log."""

import sqlite3
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from battlescope_local.command_name import typed_command
from battlescope_local.errors import UserError

# Every partition that has had a record, with its number of records that have not expired.
_SELECT_PARTITIONS: Final = (
    "SELECT e.topic, e.partition, e.offset, (SELECT count(*) FROM records r WHERE r.topic = e.topic "
    "AND r.partition = e.partition) FROM ends e ORDER BY e.topic, e.partition"
)
_SELECT_TOPICS: Final = "SELECT name, partitions FROM topics ORDER BY name"
_SELECT_OFFSETS: Final = (
    "SELECT consumer_group, topic, partition, offset FROM offsets ORDER BY consumer_group, partition"
)


@dataclass(frozen=True, slots=True)
class Partition:
    """`end` is the offset of the next record, `records` the number of records that have not expired."""

    number: int
    end: int = 0
    records: int = 0


@dataclass(frozen=True, slots=True)
class ConsumerGroup:
    """`lag` is the number of records after the committed offset, for each partition."""

    name: str
    lag: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class TopicStatus:
    name: str
    partitions: tuple[Partition, ...]
    groups: tuple[ConsumerGroup, ...]


def read_topics(folder: Path) -> tuple[TopicStatus, ...]:
    """Topics of the log in this data folder; its node can run or not.

    Raises:
        UserError: the folder has no log.
    """
    file = folder / "log" / "log.sqlite3"
    if not file.is_file():
        raise UserError(
            f"There is no log in {folder}; `{typed_command('up')}` or `{typed_command('dev')}` creates one."
        )
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True, timeout=30)) as log:
        ends = {
            (topic, number): Partition(number, end, records)
            for topic, number, end, records in log.execute(_SELECT_PARTITIONS)
        }
        committed = list(log.execute(_SELECT_OFFSETS))
        counts = list(log.execute(_SELECT_TOPICS))
    return tuple(_topic_status(name, [ends.get((name, n), Partition(n)) for n in range(count)], committed)
                 for name, count in counts)  # fmt: skip


def _topic_status(
    name: str, partitions: list[Partition], committed: Iterable[tuple[str, str, int, int]]
) -> TopicStatus:
    groups: dict[str, dict[int, int]] = {}
    for group, topic, number, offset in committed:
        if topic == name:
            groups.setdefault(group, {})[number] = offset
    return TopicStatus(
        name, tuple(partitions), tuple(_consumer_group(group, groups[group], partitions) for group in groups)
    )


def _consumer_group(name: str, offsets: dict[int, int], partitions: list[Partition]) -> ConsumerGroup:
    return ConsumerGroup(
        name, tuple(max(0, partition.end - offsets.get(partition.number, 0)) for partition in partitions)
    )


def topic_lines(topics: Iterable[TopicStatus]) -> Iterable[str]:
    """One block per topic: its partitions, then its consumer groups."""
    for topic in topics:
        records = sum(partition.records for partition in topic.partitions)
        yield f"{topic.name}: {len(topic.partitions)} partitions, {records} records"
        yield f"  ends: {' '.join(str(partition.end) for partition in topic.partitions)}"
        for group in topic.groups:
            by_partition = f" (by partition: {' '.join(map(str, group.lag))})" if any(group.lag) else ""
            yield f"  {group.name}: lag {sum(group.lag)}{by_partition}"
