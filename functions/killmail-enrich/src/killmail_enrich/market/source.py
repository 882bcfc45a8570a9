"""EVE Ref's market history: a list of its days, and one file per day; from its server or from a folder."""

import asyncio
import re
import tempfile
from collections.abc import Iterator
from datetime import date
from http import HTTPStatus
from pathlib import Path
from typing import IO, Any, Final, cast
from urllib.parse import unquote, urlsplit

from battlescope_events.upstream.client import RequestPolicy, UpstreamClient
from battlescope_events.upstream.errors import ResponseTooLarge
from battlescope_schemas.foreign_text import parse_json
from killmail_enrich.prices.price_file import MarketDay, UnusablePriceFile, read_price_file

UPSTREAM: Final = "everef"  # the name of its cooldown
_FILE: Final = "{day:%Y}/market-history-{day}.csv.bz2"
_FILE_NAME: Final = re.compile(r"market-history-(\d{4}-\d\d-\d\d)\.csv\.bz2")
_LIST: Final = "totals.json"
_MAX_LIST_BYTES: Final = 4 * 2**20  # twenty years have 200 KB
_MAX_FILE_BYTES: Final = 16 * 2**20  # a day has 0.6 MB
_MAX_ROWS: Final = 2**31 - 1
_ASSUMED_ROWS: Final = 1  # of a file in a folder without a list: it is there, its size is unknown


class UnusableListing(ValueError):
    """The list of days cannot be read; the message says why."""


def market_policy(rate: float) -> RequestPolicy:
    """The service is free and the files are large: one request at a time, no hurry."""
    return RequestPolicy(rate=rate, total_timeout=20.0, max_bytes=_MAX_LIST_BYTES, max_download_bytes=_MAX_FILE_BYTES)


class MarketHistory:
    """The history at `url`: http(s), or file:// of a folder with the same layout or with the files side by side."""

    def __init__(self, url: str, upstream: UpstreamClient) -> None:
        self._url = url.rstrip("/")
        self._upstream = upstream

    async def listing(self) -> dict[date, int]:
        """How many rows the file of each day has.

        Raises:
            UnusableListing: there is no list, or it is malformed.
            UpstreamUnavailable: the source demands a pause or does not respond.
        """
        if (folder := self._folder()) is not None:
            return await asyncio.to_thread(_list_folder, folder)
        try:
            response = await self._upstream.get(f"{self._url}/{_LIST}")
        except ResponseTooLarge as error:
            raise UnusableListing(str(error)) from error
        if response.status != HTTPStatus.OK:
            raise UnusableListing(f"The list of market days responds with status {response.status}.")
        return parse_listing(response.body)

    async def load(self, day: date) -> MarketDay:
        """The prices of a day.

        Raises:
            UnusablePriceFile: there is no file, or it is not a day of market history.
            UpstreamUnavailable: as `listing`.
        """
        if (folder := self._folder()) is not None:
            return await asyncio.to_thread(read_folder_day, folder, day)
        with tempfile.TemporaryFile() as file:
            await self._download(f"{self._url}/{_FILE.format(day=day)}", day, file)
            return await asyncio.to_thread(read_price_file, file, day)

    async def _download(self, url: str, day: date, file: IO[bytes]) -> None:
        try:
            status = await self._upstream.download(url, file)
        except ResponseTooLarge as error:
            raise UnusablePriceFile(f"The market history of {day} is too large: {error}") from error
        if status != HTTPStatus.OK:
            raise UnusablePriceFile(f"The market history of {day} responds with status {status}.")

    def _folder(self) -> Path | None:
        return Path(unquote(urlsplit(self._url).path)) if self._url.startswith("file:") else None


def parse_listing(text: bytes) -> dict[date, int]:
    """Rows by day; odd entries are left out. Raises `UnusableListing`."""
    try:
        document: Any = parse_json(text)
    except ValueError as error:
        raise UnusableListing(f"The list of market days is not JSON: {error}.") from error
    if not isinstance(document, dict):
        raise UnusableListing("The list of market days is no map.")
    entries = cast("dict[str, Any]", document).items()
    listing = {day: rows for text_day, rows in entries if (day := _date(text_day)) and _is_row_count(rows)}
    if not listing:
        raise UnusableListing("The list of market days has no day.")
    return listing


def read_folder_day(folder: Path, day: date) -> MarketDay:
    """The prices of a day from a folder. Raises `UnusablePriceFile`."""
    name = _FILE.format(day=day)
    for path in (folder / name, folder / Path(name).name):
        try:
            with path.open("rb") as file:
                return read_price_file(file, day)
        except FileNotFoundError:
            continue
        except OSError as error:
            raise UnusablePriceFile(f"The market history of {day} cannot be read: {error}.") from error
    raise UnusablePriceFile(f"The market history of {day} does not exist in {folder}.")


def folder_days(folder: Path) -> list[date]:
    """The days that the folder has files of, in order."""
    return sorted(set(_days_of(folder)))


def _list_folder(folder: Path) -> dict[date, int]:
    try:
        return parse_listing((folder / _LIST).read_bytes())
    except FileNotFoundError:
        listing = dict.fromkeys(folder_days(folder), _ASSUMED_ROWS)
    except OSError as error:
        raise UnusableListing(f"The list of market days cannot be read: {error}.") from error
    if not listing:
        raise UnusableListing(f"{folder} has no market history.")
    return listing


def _days_of(folder: Path) -> Iterator[date]:
    for path in folder.rglob("market-history-*.csv.bz2"):
        match = _FILE_NAME.fullmatch(path.name)
        if match and (day := _date(match[1])):
            yield day


def _date(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _is_row_count(value: Any) -> bool:
    return type(value) is int and 0 < value <= _MAX_ROWS
