"""Which source files changed, found by looking at their times and sizes twice a second.

A look at the three hundred files of this project takes a few milliseconds, so no library and no kernel interface is
needed, and it works on every file system.
"""

import asyncio
import os
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping
from pathlib import Path
from typing import Final

LOOK: Final = 0.4  # seconds between looks
SUFFIXES: Final = frozenset({".py", ".sql", ".yaml", ".json", ".toml", ".csv"})
FOLDERS: Final = (
    "functions/*/src", "functions/*/migrations", "events/src", "shared-schemas/src", "knative/base", "local/src",
)  # fmt: skip

Snapshot = Mapping[Path, tuple[int, int]]


def snapshot(project: Path) -> Snapshot:
    """Modification time and size of every watched file."""
    found: dict[Path, tuple[int, int]] = {}
    for pattern in FOLDERS:
        for folder in project.glob(pattern):
            found.update(_files(folder))
    return found


def _files(folder: Path) -> Iterable[tuple[Path, tuple[int, int]]]:
    for root, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name != "__pycache__" and not name.startswith(".")]
        for path in (Path(root, name) for name in names if not name.startswith(".")):
            if path.suffix in SUFFIXES:
                try:
                    seen = path.stat()
                except FileNotFoundError:
                    continue  # removed since it was listed
                yield path, (seen.st_mtime_ns, seen.st_size)


def difference(before: Snapshot, after: Snapshot) -> frozenset[Path]:
    """Files that are new, changed or gone."""
    return frozenset(path for path in before.keys() | after.keys() if before.get(path) != after.get(path))


async def changes(
    project: Path, look: Callable[[Path], Snapshot] = snapshot, seconds: float = LOOK
) -> AsyncGenerator[frozenset[Path]]:
    """The files of each save, complete: a set is given when a further look finds no more changes."""
    known = await asyncio.to_thread(look, project)
    pending: frozenset[Path] = frozenset()
    while True:
        await asyncio.sleep(seconds)
        now = await asyncio.to_thread(look, project)
        fresh, known = difference(known, now), now
        if pending and not fresh:
            yield pending
            pending = fresh
        else:
            pending = pending | fresh
