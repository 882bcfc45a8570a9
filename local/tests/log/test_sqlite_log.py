"""The SQLite log: acknowledged records survive a kill, and groups continue where they committed."""

import asyncio
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from battlescope_local.log import tail_cache
from battlescope_local.log.port import Record, StoredRecord, Topic
from battlescope_local.log.sqlite_log import SqliteLog, sqlite_log

TOPICS = [Topic("events", 3, 1, {"retention.ms": "604800000"})]
PRODUCER = """
import asyncio, itertools, sys
from pathlib import Path
from battlescope_local.log.port import Record, Topic
from battlescope_local.log.sqlite_log import sqlite_log

async def produce(log, publisher):
    for number in itertools.count():
        name = f"{publisher}-{number}"
        await log.produce("events", Record(name.encode(), name.encode(), (("ce_id", name.encode()),)))
        print(name, flush=True)

async def main():
    async with sqlite_log(Path(sys.argv[1])) as log:
        await log.create_topics([Topic("events", 3)])
        await asyncio.gather(*(produce(log, publisher) for publisher in range(4)))

asyncio.run(main())
"""


def record(number: int, size: int = 0) -> Record:
    return Record(None, str(number).encode() + b" " * size, (("ce_id", b"\xff\0"),))


async def read(log: SqliteLog, group: str, count: int) -> list[StoredRecord]:
    records: list[StoredRecord] = []
    async with asyncio.timeout(120), log.reader("events", group) as reader:
        while len(records) < count:
            records += await reader.read(100)
    return records


def is_gapless(records: Sequence[StoredRecord]) -> bool:
    """Whether every partition was read without gap or repetition."""
    offsets: dict[int, list[int]] = {}
    for stored in records:
        offsets.setdefault(stored.partition, []).append(stored.offset)
    return all(numbers == list(range(numbers[0], numbers[0] + len(numbers))) for numbers in offsets.values())


def killed_while_producing(folder: Path) -> list[str]:
    """Names of the records that a process stored and acknowledged until it was killed."""
    command = [sys.executable, "-c", PRODUCER, str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        names = [process.stdout.readline().strip() for _ in range(300)]
        process.kill()
        return names + process.stdout.read().split("\n")[:-1]


async def test_acknowledged_records_survive_a_kill(tmp_path: Path) -> None:
    acknowledged = await asyncio.to_thread(killed_while_producing, tmp_path)
    async with sqlite_log(tmp_path) as log:
        records = await read(log, "group", len(acknowledged))
        assert {name.encode() for name in acknowledged} <= {stored.record.value for stored in records}
        assert is_gapless(records)
        await log.produce("events", record(0))
        assert len(await read(log, "other", len(records) + 1)) == len(records) + 1


async def test_group_continues_where_it_committed(tmp_path: Path) -> None:
    async with sqlite_log(tmp_path) as log:
        await log.create_topics(TOPICS)
        for number in range(9):
            await log.produce("events", record(number))
        async with log.reader("events", "group") as reader:
            first = await reader.read(3)
            await reader.commit({stored.partition: stored.offset + 1 for stored in first})
    async with sqlite_log(tmp_path) as log:
        remaining = await read(log, "group", 6)
        assert {stored.record.value for stored in [*first, *remaining]} == {str(number).encode() for number in range(9)}
        assert [stored.record for stored in first] == [record(int(stored.record.value)) for stored in first]


async def test_late_reader_reads_the_file_and_then_memory(tmp_path: Path) -> None:
    async with sqlite_log(tmp_path) as log:
        await log.create_topics(TOPICS)
        count = 3 * tail_cache.MAX_RECORDS + 300
        await asyncio.gather(*(log.produce("events", record(number)) for number in range(count)))
        records = await read(log, "group", count)
        assert len(records) == count
        assert is_gapless(records)


async def test_unwanted_records_move_the_position_and_are_not_returned(tmp_path: Path) -> None:
    """Before the reader begins, and while it waits; the positions are those of the records in the file."""
    passed: list[StoredRecord] = []

    def is_even(stored: StoredRecord) -> bool:
        passed.append(stored)
        return int(stored.record.value) % 2 == 0

    async with sqlite_log(tmp_path) as log, asyncio.timeout(120):
        await log.create_topics(TOPICS)
        for number in range(6):
            await log.produce("events", record(number))
        async with log.reader("events", "group", is_even) as reader:
            records = list(await reader.read(100))
            waiting = asyncio.create_task(reader.read(100))
            await asyncio.sleep(0)
            for number in range(7, 30, 2):
                await log.produce("events", record(number))
            assert not waiting.done()
            await log.produce("events", record(30))
            records += await waiting
            while len(records) < 4:
                records += await reader.read(100)
        assert sorted(int(stored.record.value) for stored in records) == [0, 2, 4, 30]
        assert is_gapless(list(dict.fromkeys(passed)))
        assert {int(stored.record.value) for stored in passed} == {*range(6), *range(7, 30, 2), 30}


async def test_expired_records_are_skipped(tmp_path: Path) -> None:
    async with sqlite_log(tmp_path) as log:
        await log.create_topics([Topic("events", 1, 1, {"retention.ms": "-1000"})])
        await log.produce("events", record(1))
    async with sqlite_log(tmp_path) as log:
        await log.create_topics([])
        await log.produce("events", record(2))  # the first commit of a process removes expired records too
    async with sqlite_log(tmp_path) as log, asyncio.timeout(120), log.reader("events", "group") as reader:
        assert await reader.read(10) == []
        waiting = asyncio.create_task(reader.read(10))
        await asyncio.sleep(0)
        await log.produce("events", record(3))
        await waiting
        assert [stored.record for stored in await reader.read(10)] == [record(3)]


@pytest.mark.parametrize(("retention", "expected"), [("-1000", []), ("-1", [record(1)]), ("3600000", [record(1)])])
async def test_existing_topic_gets_the_retention_of_the_manifests(
    tmp_path: Path, retention: str, expected: list[Record]
) -> None:
    """Kafka's -1 keeps all records."""
    async with sqlite_log(tmp_path) as log:
        await log.create_topics([Topic("events", 1, 1, {"retention.ms": "7200000"})])
        await log.produce("events", record(1))
    async with sqlite_log(tmp_path) as log:
        await log.create_topics([Topic("events", 8, 1, {"retention.ms": retention})])
    async with sqlite_log(tmp_path) as log:
        assert [stored.record for stored in await log.tail("events", 10)] == expected
