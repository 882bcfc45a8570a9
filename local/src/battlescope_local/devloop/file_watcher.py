"""Detects changed source files by comparing their times and sizes twice a second.

A comparison of the three hundred files of this project takes a few milliseconds, so that no library and no kernel
interface is needed, and it works on every file system.
"""

import asyncio
import os
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping
from pathlib import Path
from typing import Final

POLL_INTERVAL: Final = 0.4  # seconds between snapshots
WATCHED_SUFFIXES: Final = frozenset({".py", ".sql", ".yaml", ".json", ".toml", ".csv"})
WATCHED_FOLDERS: Final = (
    "functions/*/src", "functions/*/migrations", "events/src", "shared-schemas/src", "knative/base", "local/src",
)  # fmt: skip

Snapshot = Mapping[Path, tuple[int, int]]


def snapshot(project: Path) -> Snapshot:
    """Modification time and size of every watched file."""
    files: dict[Path, tuple[int, int]] = {}
    for pattern in WATCHED_FOLDERS:
        for folder in project.glob(pattern):
            files.update(_files(folder))
    return files


def _files(folder: Path) -> Iterable[tuple[Path, tuple[int, int]]]:
    for root, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name != "__pycache__" and not name.startswith(".")]
        for path in (Path(root, name) for name in names if not name.startswith(".")):
            if path.suffix in WATCHED_SUFFIXES:
                try:
                    stat = path.stat()
                except FileNotFoundError:
                    continue  # deleted since it was listed
                yield path, (stat.st_mtime_ns, stat.st_size)


def changed_files(before: Snapshot, after: Snapshot) -> frozenset[Path]:
    """Files that were created, changed or deleted."""
    return frozenset(path for path in before.keys() | after.keys() if before.get(path) != after.get(path))


async def watch_changes(
    project: Path, take_snapshot: Callable[[Path], Snapshot] = snapshot, interval: float = POLL_INTERVAL
) -> AsyncGenerator[frozenset[Path]]:
    """The files of each save; a set is complete when the next snapshot has no further changes."""
    previous = await asyncio.to_thread(take_snapshot, project)
    pending: frozenset[Path] = frozenset()
    while True:
        await asyncio.sleep(interval)
        current = await asyncio.to_thread(take_snapshot, project)
        changed, previous = changed_files(previous, current), current
        if pending and not changed:
            yield pending
            pending = changed
        else:
            pending = pending | changed
