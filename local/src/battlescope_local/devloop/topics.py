"""`battlescope topics`: topics, partitions and the lag of each consumer group, read from the file of the local log."""

import sqlite3
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from battlescope_local.errors import UserError

# Every partition that holds or held a record, with what of it is still kept.
_PARTITIONS: Final = (
    "SELECT e.topic, e.partition, e.offset, (SELECT count(*) FROM records r WHERE r.topic = e.topic "
    "AND r.partition = e.partition) FROM ends e ORDER BY e.topic, e.partition"
)
_TOPICS: Final = "SELECT name, partitions FROM topics ORDER BY name"
_OFFSETS: Final = "SELECT consumer_group, topic, partition, offset FROM offsets ORDER BY consumer_group, partition"


@dataclass(frozen=True, slots=True)
class Partition:
    """`end` is the offset of the next record, `kept` the number of records not yet expired."""

    number: int
    end: int = 0
    kept: int = 0


@dataclass(frozen=True, slots=True)
class Group:
    """`lag`: for each partition the number of records after the committed offset."""

    name: str
    lag: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class TopicState:
    name: str
    partitions: tuple[Partition, ...]
    groups: tuple[Group, ...]


def read_topics(folder: Path) -> tuple[TopicState, ...]:
    """Of the log in this data folder, whether its node runs or not.

    Raises:
        UserError: there is no log.
    """
    file = folder / "log" / "log.sqlite3"
    if not file.is_file():
        raise UserError(f"There is no log in {folder}; `battlescope up` or `battlescope dev` makes one.")
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True, timeout=30)) as log:
        ends = {(topic, number): Partition(number, end, kept) for topic, number, end, kept in log.execute(_PARTITIONS)}
        committed = list(log.execute(_OFFSETS))
        counts = list(log.execute(_TOPICS))
    return tuple(_topic(name, [ends.get((name, n), Partition(n)) for n in range(count)], committed)
                 for name, count in counts)  # fmt: skip


def _topic(name: str, partitions: list[Partition], committed: Iterable[tuple[str, str, int, int]]) -> TopicState:
    groups: dict[str, dict[int, int]] = {}
    for group, topic, number, offset in committed:
        if topic == name:
            groups.setdefault(group, {})[number] = offset
    return TopicState(name, tuple(partitions), tuple(_group(one, groups[one], partitions) for one in groups))


def _group(name: str, offsets: dict[int, int], partitions: list[Partition]) -> Group:
    return Group(name, tuple(max(0, one.end - offsets.get(one.number, 0)) for one in partitions))


def topic_lines(topics: Iterable[TopicState]) -> Iterable[str]:
    """One block a topic: its partitions, then its consumer groups."""
    for topic in topics:
        kept = sum(one.kept for one in topic.partitions)
        yield f"{topic.name}: {len(topic.partitions)} partitions, {kept} records"
        yield f"  ends: {' '.join(str(one.end) for one in topic.partitions)}"
        for group in topic.groups:
            each = f" (by partition: {' '.join(map(str, group.lag))})" if any(group.lag) else ""
            yield f"  {group.name}: lag {sum(group.lag)}{each}"
