"""Topics and consumer lag of the local log."""

from pathlib import Path

import pytest

from battlescope_local.devloop.topics import read_topics, topic_lines
from battlescope_local.errors import UserError
from battlescope_local.log.port import Record, Topic
from battlescope_local.log.sqlite_log import sqlite_log


async def test_topics_and_lag_are_read_while_the_log_is_open(tmp_path: Path) -> None:
    with pytest.raises(UserError):
        read_topics(tmp_path)
    async with sqlite_log(tmp_path / "log") as log:
        await log.create_topics([Topic("fights", 2)])
        for key in (b"a", b"a", b"a"):
            await log.produce("fights", Record(key, b"{}"))
        [topic] = read_topics(tmp_path)
        partition = next(partition.number for partition in topic.partitions if partition.end)
        await log.commit_offsets("readers", "fights", {partition: 1})
        lines = list(topic_lines(read_topics(tmp_path)))
    ends, lag = ("3 0", "2 0") if partition == 0 else ("0 3", "0 2")
    assert lines == [
        "fights: 2 partitions, 3 records", f"  ends: {ends}", f"  readers: lag 2 (by partition: {lag})",
    ]  # fmt: skip
