"""Fetches CCP's static data export, from its server or from a file."""

import json
import tempfile
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final
from urllib.parse import unquote, urlsplit
from zipfile import BadZipFile, ZipFile

import httpx2

from battlescope_events.errors import PermanentError, TransientError
from killmail_enrich.static_data.parser import MEMBERS, STARGATES, Row, adjacency, nearby, rows

_LATEST: Final = "tranquility/latest.jsonl"
_ARCHIVE: Final = "tranquility/eve-online-static-data-{build}-jsonl.zip"
_READ_TIMEOUT_SECONDS: Final = 60.0  # of each read; a download of a hundred megabytes takes many reads
_SYSTEMS: Final = "systems"


class StaticDataExport:
    """The export at `url`: http(s), or file:// of a zip or of a folder with the server's layout."""

    def __init__(self, url: str, user_agent: str) -> None:
        self._url = url.rstrip("/")
        self._headers = {"User-Agent": user_agent}

    def latest_build(self) -> int:
        """The number of the newest build.

        Raises:
            TransientError: the server or the file cannot be read.
            PermanentError: the content is not a static data export.
        """
        if self._is_zip_file():
            with self._open(self._url) as archive, ZipFile(archive) as members, members.open("_sde.jsonl") as lines:
                return _build_number(lines.read())
        with self._open(f"{self._url}/{_LATEST}") as latest:
            return _build_number(latest.read())

    @contextmanager
    def tables(self, build: int) -> Generator[Iterator[tuple[str, Iterable[Row]]]]:
        """Each table of a build with its rows, read line by line; only the required members are decompressed."""
        url = self._url if self._is_zip_file() else f"{self._url}/{_ARCHIVE.format(build=build)}"
        try:
            with self._open(url) as archive, ZipFile(archive) as members:
                yield _tables(members)
        except (BadZipFile, KeyError) as error:
            raise PermanentError(f"The static data at {url} is not an export of the known layout: {error}.") from error

    def _is_zip_file(self) -> bool:
        return self._url.startswith("file:") and self._url.endswith(".zip")

    @contextmanager
    def _open(self, url: str) -> Generator[IO[bytes]]:
        try:
            if url.startswith("file:"):
                with Path(unquote(urlsplit(url).path)).open("rb") as file:
                    yield file
            else:
                with tempfile.TemporaryFile() as file:  # a zip's directory is at its end; a file keeps memory flat
                    self._download(url, file)
                    yield file
        except (httpx2.HTTPError, FileNotFoundError) as error:
            raise TransientError(f"The static data at {url} cannot be read: {error!r}.") from error

    def _download(self, url: str, file: IO[bytes]) -> None:
        timeout = _READ_TIMEOUT_SECONDS
        with httpx2.stream("GET", url, headers=self._headers, timeout=timeout, follow_redirects=True) as response:
            response.raise_for_status()
            for part in response.iter_bytes():
                file.write(part)
        file.seek(0)


def _build_number(latest: bytes) -> int:
    try:
        return int(json.loads(latest.splitlines()[0])["buildNumber"])
    except (ValueError, KeyError, IndexError, TypeError) as error:
        raise PermanentError(f"The static data has no build number: {error!r}.") from error


def _tables(members: ZipFile) -> Iterator[tuple[str, Iterable[Row]]]:
    with members.open(STARGATES) as lines:
        gate_links = adjacency(lines)
    for member in MEMBERS:
        with members.open(member.file_name) as lines:
            table_rows = rows(member, lines)
            if member.table == _SYSTEMS:
                table_rows = ((*row, nearby(row[0], gate_links)) for row in table_rows)
            yield member.table, table_rows
