"""The files of the web app's build. A build may replace them while the process runs."""

import asyncio
import stat
from pathlib import Path
from typing import Final

from battlescope_events.http_api.conditional import content_etag
from web_serve.domain.representation import Representation
from web_serve.domain.site_paths import PRECOMPRESSED, media_type

MAX_CACHED_BYTES: Final = 32 * 1024 * 1024  # a build has half a megabyte; many builds come only in development
_Version = tuple[tuple[int, int] | None, ...]  # time of change and size of a file and of its compressed forms


class SiteFolder:
    """Reads files of a folder, and keeps them in memory as long as they do not change."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files: dict[str, tuple[_Version, Representation]] = {}
        self._cached_bytes = 0

    async def read(self, name: str) -> Representation | None:
        """The file below the folder; None without it. `name` is one that `file_of` returned."""
        version = tuple(_changed(self._folder / f"{name}{suffix}") for suffix in ("", *PRECOMPRESSED.values()))
        if version[0] is None:
            return None
        cached = self._files.get(name)
        if cached is not None and cached[0] == version:
            return cached[1]
        try:
            file = await asyncio.to_thread(self._load, name, version)
        except FileNotFoundError:  # a build that begins has removed it
            return None
        self._keep(name, version, file)
        return file

    def _load(self, name: str, version: _Version) -> Representation:
        content = (self._folder / name).read_bytes()
        encoded = {
            coding: (self._folder / f"{name}{suffix}").read_bytes()
            for (coding, suffix), compressed in zip(PRECOMPRESSED.items(), version[1:], strict=True)
            if compressed is not None and version[0] is not None and compressed[0] >= version[0][0]
        }
        return Representation(content, media_type(name), content_etag(content), encoded)

    def _keep(self, name: str, version: _Version, file: Representation) -> None:
        size = len(file.content) + sum(map(len, file.encoded.values()))
        if self._cached_bytes + size > MAX_CACHED_BYTES:
            self._files.clear()
            self._cached_bytes = 0
        self._files[name] = version, file
        self._cached_bytes += size


def _changed(path: Path) -> tuple[int, int] | None:
    """When a regular file changed, and its size; a link may lead out of the folder and is none."""
    try:
        status = path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    return (status.st_mtime_ns, status.st_size) if stat.S_ISREG(status.st_mode) else None
