"""Fetches the official static data export, from its server or from a file."""

import json
import tempfile
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final
from urllib.parse import unquote, urlsplit
from zipfile import BadZipFile, ZipFile

import httpx2

from killmail_enrich.errors import Unavailable, Unusable
from killmail_enrich.static_data.parser import MEMBERS, STARGATES, Row, adjacency, nearby, rows

_LATEST: Final = "tranquility/latest.jsonl"
_ARCHIVE: Final = "tranquility/eve-online-static-data-{build}-jsonl.zip"
_SECONDS: Final = 60.0  # for each read; a hundred megabytes come in many
_SYSTEMS: Final = "systems"


class Export:
    """The export at `url`: http(s), or file:// of a zip or of a folder laid out like the server."""

    def __init__(self, url: str, user_agent: str) -> None:
        self._url = url.rstrip("/")
        self._headers = {"User-Agent": user_agent}

    def latest_build(self) -> int:
        """The number of the newest build.

        Raises:
            Unavailable: the server does not answer.
            Unusable: what lies there is no static data export.
        """
        if self._is_zip_file():
            with self._opened(self._url) as archive, ZipFile(archive) as members, members.open("_sde.jsonl") as lines:
                return _build(lines.read())
        with self._opened(f"{self._url}/{_LATEST}") as latest:
            return _build(latest.read())

    @contextmanager
    def tables(self, build: int) -> Generator[Iterator[tuple[str, Iterable[Row]]]]:
        """Each table of a build with its rows, read line by line; only the members needed are unpacked."""
        url = self._url if self._is_zip_file() else f"{self._url}/{_ARCHIVE.format(build=build)}"
        try:
            with self._opened(url) as archive, ZipFile(archive) as members:
                yield _tables(members)
        except (BadZipFile, KeyError) as error:
            raise Unusable(f"The static data at {url} is no export of the known layout: {error}.") from error

    def _is_zip_file(self) -> bool:
        return self._url.startswith("file:") and self._url.endswith(".zip")

    @contextmanager
    def _opened(self, url: str) -> Generator[IO[bytes]]:
        try:
            if url.startswith("file:"):
                with Path(unquote(urlsplit(url).path)).open("rb") as file:
                    yield file
            else:
                with tempfile.TemporaryFile() as file:  # a zip is read from its end, and memory stays flat
                    self._download(url, file)
                    yield file
        except (httpx2.HTTPError, FileNotFoundError) as error:
            raise Unavailable(f"The static data at {url} cannot be had: {error!r}.") from error

    def _download(self, url: str, file: IO[bytes]) -> None:
        with httpx2.stream("GET", url, headers=self._headers, timeout=_SECONDS, follow_redirects=True) as answer:
            answer.raise_for_status()
            for part in answer.iter_bytes():
                file.write(part)
        file.seek(0)


def _build(latest: bytes) -> int:
    try:
        return int(json.loads(latest.splitlines()[0])["buildNumber"])
    except (ValueError, KeyError, IndexError, TypeError) as error:
        raise Unusable(f"The static data does not state its build number: {error!r}.") from error


def _tables(members: ZipFile) -> Iterator[tuple[str, Iterable[Row]]]:
    with members.open(STARGATES) as lines:
        linked = adjacency(lines)
    for member in MEMBERS:
        with members.open(member.file_name) as lines:
            found = rows(member, lines)
            if member.table == _SYSTEMS:
                found = ((*row, nearby(row[0], linked)) for row in found)
            yield member.table, found
