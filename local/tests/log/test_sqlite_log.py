"""The SQLite log: acknowledged records survive a kill, and groups continue where they committed."""

import asyncio
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from battlescope_local.log import tail_cache
from battlescope_local.log.port import Record, StoredRecord, Topic
from battlescope_local.log.sqlite_log import SqliteLog, sqlite_log

TOPICS = [Topic("said", 3, 1, {"retention.ms": "604800000"})]


PRODUCER = """
import asyncio, itertools, sys
from pathlib import Path
from battlescope_local.log.port import Record, Topic
from battlescope_local.log.sqlite_log import sqlite_log

async def produce(log, publisher):
    for number in itertools.count():
        name = f"{publisher}-{number}"
        await log.produce("said", Record(name.encode(), name.encode(), (("ce_id", name.encode()),)))
        print(name, flush=True)

async def main():
    async with sqlite_log(Path(sys.argv[1])) as log:
        await log.create_topics([Topic("said", 3)])
        await asyncio.gather(*(produce(log, publisher) for publisher in range(4)))

asyncio.run(main())
"""


def record(number: int, size: int = 0) -> Record:
    return Record(None, str(number).encode() + b" " * size, (("ce_id", b"\xff\0"),))


async def read(log: SqliteLog, group: str, count: int) -> list[StoredRecord]:
    found: list[StoredRecord] = []
    async with asyncio.timeout(120), log.reader("said", group) as reader:
        while len(found) < count:
            found += await reader.read(100)
    return found


def in_order(found: Sequence[StoredRecord]) -> bool:
    """Whether every partition was read without gap or repetition."""
    offsets: dict[int, list[int]] = {}
    for one in found:
        offsets.setdefault(one.partition, []).append(one.offset)
    return all(numbers == list(range(numbers[0], numbers[0] + len(numbers))) for numbers in offsets.values())


def killed_while_producing(folder: Path) -> list[str]:
    """The names that a real process was told are kept, up to its end in the midst of it."""
    command = [sys.executable, "-c", PRODUCER, str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        names = [process.stdout.readline().strip() for _ in range(300)]
        process.kill()
        return names + process.stdout.read().split("\n")[:-1]


async def test_acknowledged_records_survive_a_kill(tmp_path: Path) -> None:
    acknowledged = await asyncio.to_thread(killed_while_producing, tmp_path)
    async with sqlite_log(tmp_path) as log:
        found = await read(log, "group", len(acknowledged))
        assert {name.encode() for name in acknowledged} <= {one.record.value for one in found}
        assert in_order(found)
        await log.produce("said", record(0))
        assert len(await read(log, "other", len(found) + 1)) == len(found) + 1


async def test_group_continues_where_it_committed(tmp_path: Path) -> None:
    async with sqlite_log(tmp_path) as log:
        await log.create_topics(TOPICS)
        for number in range(9):
            await log.produce("said", record(number))
        async with log.reader("said", "group") as reader:
            first = await reader.read(3)
            await reader.commit({one.partition: one.offset + 1 for one in first})
    async with sqlite_log(tmp_path) as log:
        rest = await read(log, "group", 6)
        assert {one.record.value for one in [*first, *rest]} == {str(number).encode() for number in range(9)}
        assert [one.record for one in first] == [record(int(one.record.value)) for one in first]


async def test_late_reader_reads_the_file_and_then_memory(tmp_path: Path) -> None:
    async with sqlite_log(tmp_path) as log:
        await log.create_topics(TOPICS)
        count = 3 * tail_cache.MAX_RECORDS + 300
        await asyncio.gather(*(log.produce("said", record(number)) for number in range(count)))
        found = await read(log, "group", count)
        assert len(found) == count
        assert in_order(found)


async def test_expired_records_are_skipped(tmp_path: Path) -> None:
    async with sqlite_log(tmp_path) as log:
        await log.create_topics([Topic("said", 1, 1, {"retention.ms": "-1000"})])
        await log.produce("said", record(1))
    async with sqlite_log(tmp_path) as log:
        await log.create_topics([])
        await log.produce("said", record(2))  # the first commit of a process also looks for what is too old
    async with sqlite_log(tmp_path) as log, asyncio.timeout(120), log.reader("said", "group") as reader:
        assert await reader.read(10) == []
        waiting = asyncio.create_task(reader.read(10))
        await asyncio.sleep(0)
        await log.produce("said", record(3))
        await waiting
        assert [one.record for one in await reader.read(10)] == [record(3)]
