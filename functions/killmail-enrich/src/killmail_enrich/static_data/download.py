"""Fetches CCP's static data export, from its server or from a file."""

import tempfile
import zlib
from collections.abc import AsyncGenerator, Iterable, Iterator
from contextlib import asynccontextmanager
from http import HTTPStatus
from pathlib import Path
from typing import IO, Any, Final
from urllib.parse import unquote, urlsplit
from zipfile import BadZipFile, ZipFile

from battlescope_events.errors import PermanentError, TransientError
from battlescope_events.upstream.client import RequestPolicy, UpstreamClient
from battlescope_schemas.foreign_text import parse_json
from battlescope_schemas.killmail import MAX_ID
from killmail_enrich.static_data.parser import (
    BLUEPRINTS,
    MEMBERS,
    SECONDARY_SUNS,
    STARGATES,
    Row,
    adjacency,
    adjacent,
    blueprint_rows,
    nearby,
    rows,
    secondary_suns,
)

_LATEST: Final = "tranquility/latest.jsonl"
_ARCHIVE: Final = "tranquility/eve-online-static-data-{build}-jsonl.zip"
_SYSTEMS: Final = "systems"
_MAX_BUILD_BYTES: Final = 4096  # one line with a number
# No zip, half of one, one without a member, with a broken, an encrypted or an unknown kind of member.
UNREADABLE_ZIP: Final = (BadZipFile, KeyError, EOFError, zlib.error, NotImplementedError, RuntimeError)
UPSTREAM: Final = "static-data"  # the name of its cooldown
_MAX_EXPORT_BYTES: Final = 240 * 1024 * 1024  # the export has 100 MB, the pod's scratch volume 256 MiB
POLICY: Final = RequestPolicy(tries=3, total_timeout=600.0, max_download_bytes=_MAX_EXPORT_BYTES)


class StaticDataExport:
    """The export at `url`: http(s), or file:// of a zip or of a folder with the server's layout."""

    def __init__(self, url: str, upstream: UpstreamClient) -> None:
        self._url = url.rstrip("/")
        self._upstream = upstream

    async def latest_build(self) -> int:
        """The number of the newest build.

        Raises:
            TransientError: the server does not respond, demands a pause or sends no export, or there is no such file.
            PermanentError: the content of a file is not a static data export.
        """
        if not self._is_zip_file():
            async with self._open(f"{self._url}/{_LATEST}") as latest:
                return self._build_number(latest.read(_MAX_BUILD_BYTES))
        async with self._open(self._url) as archive:
            try:
                with ZipFile(archive) as members, members.open("_sde.jsonl") as lines:
                    return self._build_number(lines.read(_MAX_BUILD_BYTES))
            except UNREADABLE_ZIP as error:
                raise self._unusable(f"The static data at {self._url} is no export: {error}.") from error

    @asynccontextmanager
    async def tables(self, build: int) -> AsyncGenerator[Iterator[tuple[str, Iterable[Row]]]]:
        """Each table of a build with its rows, read line by line; only the required members are decompressed."""
        url = self._url if self._is_zip_file() else f"{self._url}/{_ARCHIVE.format(build=build)}"
        async with self._open(url) as archive:
            try:
                with ZipFile(archive) as members:
                    yield _tables(members)
            except UNREADABLE_ZIP as error:
                message = f"The static data at {url} is not an export of the known layout: {error}."
                raise self._unusable(message) from error

    def _build_number(self, latest: bytes) -> int:
        try:
            build: Any = parse_json(latest.splitlines()[0])["buildNumber"]
        except (ValueError, KeyError, IndexError, TypeError) as error:
            raise self._unusable(f"The static data has no build number: {error!r}.") from error
        if type(build) is not int or not 0 < build <= MAX_ID:
            raise self._unusable("The static data has a build number that is none.")
        return build

    def _unusable(self, reason: str) -> PermanentError | TransientError:
        """A server may have half of a file and the whole one a minute later; a file of this machine stays as it is."""
        return PermanentError(reason) if self._url.startswith("file:") else TransientError(reason)

    def _is_zip_file(self) -> bool:
        return self._url.startswith("file:") and self._url.endswith(".zip")

    @asynccontextmanager
    async def _open(self, url: str) -> AsyncGenerator[IO[bytes]]:
        if url.startswith("file:"):
            with _open_file(url) as file:
                yield file
            return
        with tempfile.TemporaryFile() as file:  # a zip's directory is at its end; a file keeps memory flat
            status = await self._upstream.download(url, file)
            if status != HTTPStatus.OK:
                raise TransientError(f"The static data at {url} cannot be read: status {status}.")
            yield file


def _open_file(url: str) -> IO[bytes]:
    try:
        return Path(unquote(urlsplit(url).path)).open("rb")
    except OSError as error:
        raise TransientError(f"The static data at {url} cannot be read: {error!r}.") from error


def _tables(members: ZipFile) -> Iterator[tuple[str, Iterable[Row]]]:
    with members.open(STARGATES) as lines:
        gate_links = adjacency(lines)
    suns = _secondary_suns(members)
    for member in MEMBERS:
        with members.open(member.file_name) as lines:
            table_rows = rows(member, lines)
            if member.table == _SYSTEMS:
                table_rows = (
                    (*row, nearby(row[0], gate_links), adjacent(row[0], gate_links), suns.get(row[0]))
                    for row in table_rows
                )
            yield member.table, table_rows
    yield "blueprints", _blueprints(members)


def _secondary_suns(members: ZipFile) -> dict[int, int]:
    """None where the export has no such member: only what is shown of a system depends on them."""
    if SECONDARY_SUNS not in members.namelist():
        return {}
    with members.open(SECONDARY_SUNS) as lines:
        return secondary_suns(lines)


def _blueprints(members: ZipFile) -> list[Row]:
    """None where the export has no such member: everything but build costs works without."""
    if BLUEPRINTS not in members.namelist():
        return []
    with members.open(BLUEPRINTS) as lines:
        return blueprint_rows(lines)
