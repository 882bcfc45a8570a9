"""Reads one day of EVE Ref's market history: all regions and types, as CSV, compressed by bz2."""

import bz2
import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from math import isfinite
from typing import IO, Final

from killmail_enrich.prices.day_pricing import OTHER_REGIONS, PLEX_REGION, THE_FORGE, kept_prices
from killmail_enrich.prices.fixed_prices import CENTS
from killmail_enrich.prices.year_series import MAX_CENTS

_COLUMNS: Final = ("date", "region_id", "type_id", "average", "volume")  # by name: their order changed over the years
_REGIONS: Final = frozenset({THE_FORGE, PLEX_REGION, *OTHER_REGIONS})
MAX_TYPE_ID: Final = 2**31 - 1
_MAX_BYTES: Final = 64 * 2**20  # uncompressed; a day has 4 MB
_MAX_LINE_BYTES: Final = 2_000
_MAX_ROWS: Final = 500_000  # a day has 50,000
_CHUNK_BYTES: Final = 256 * 2**10
_MAX_INVALID_SHARE: Final = 0.01  # more, and the layout is another one
_MIN_VOLUME: Final = 1
_NO_CELLS: Final[list[str]] = []


class UnusablePriceFile(ValueError):
    """The file is not a day of market history, or only a part of one; the message says why."""


@dataclass(frozen=True, slots=True)
class MarketDay:
    """A day's prices in cents by type and region, as they are stored; rows: how many the file has in all."""

    day: date
    rows: int
    prices: Mapping[tuple[int, int], int]


@dataclass(slots=True)
class _Contents:
    """What was read so far."""

    forge: dict[int, int] = field(default_factory=dict[int, int])
    others: dict[tuple[int, int], int] = field(default_factory=dict[tuple[int, int], int])
    rows: int = 0
    invalid_rows: int = 0
    rows_of_other_days: int = 0

    def add(self, region: str, type_: str, average: str, volume: str) -> None:
        """Add a row; of two with the same type and region the first counts. Raises `ValueError`."""
        region_id, type_id, cents = _id(region), _id(type_), _cents(average)
        if cents <= 0 or int(volume) < _MIN_VOLUME:
            return
        if region_id == THE_FORGE:
            self.forge.setdefault(type_id, cents)
        elif region_id in _REGIONS:
            self.others.setdefault((type_id, region_id), cents)


def read_price_file(file: IO[bytes], day: date) -> MarketDay:
    """The prices of a day; rows without trade or with a price of 0 or less are left out.

    Raises:
        UnusablePriceFile: the file is broken, too large, of another layout or of another day.
    """
    contents, written_day = _Contents(), day.isoformat()
    for row in _rows(file, day):
        contents.rows += 1
        if contents.rows > _MAX_ROWS:
            raise UnusablePriceFile(f"The market history of {day} has more than {_MAX_ROWS} rows.")
        try:
            row_day, *cells = row
            if row_day == written_day:
                contents.add(*cells)
            else:
                contents.rows_of_other_days += 1
        except ValueError:
            contents.invalid_rows += 1
    if contents.rows_of_other_days == contents.rows > 0:
        raise UnusablePriceFile(f"The market history of {day} holds another day.")
    if contents.invalid_rows > contents.rows * _MAX_INVALID_SHARE:
        message = f"{contents.invalid_rows} of {contents.rows} rows of the market history of {day} are invalid."
        raise UnusablePriceFile(message)
    return MarketDay(day, contents.rows, kept_prices(contents.forge, contents.others))


def _rows(file: IO[bytes], day: date) -> Iterator[tuple[str, ...]]:
    """The cells of each row, in the order of `_COLUMNS`; too few where the row is short."""
    try:
        rows = csv.reader(_lines(file))
        indexes = _column_indexes(next(rows, _NO_CELLS), day)
        for row in rows:
            yield tuple(row[index] for index in indexes) if len(row) > max(indexes) else ("",) * len(indexes)
    except (OSError, EOFError, UnicodeDecodeError, csv.Error) as error:
        raise UnusablePriceFile(f"The market history of {day} cannot be read: {error}.") from error


def _column_indexes(header: Sequence[str], day: date) -> tuple[int, ...]:
    missing = [column for column in _COLUMNS if column not in header]
    if missing:
        raise UnusablePriceFile(f"The market history of {day} has no column {', '.join(missing)}.")
    return tuple(header.index(column) for column in _COLUMNS)


def _lines(file: IO[bytes]) -> Iterator[str]:
    """Lines of the uncompressed file, read piece by piece. Raises `EOFError` where it ends too early."""
    size, rest = 0, b""
    for piece in _pieces(file):
        size += len(piece)
        *lines, rest = (rest + piece).split(b"\n")
        if size > _MAX_BYTES or len(rest) > _MAX_LINE_BYTES:
            raise csv.Error("it is larger than any day")
        yield from _decoded(lines)
    yield from _decoded([rest] if rest else [])


def _decoded(lines: Iterable[bytes]) -> Iterator[str]:
    for line in lines:
        yield line.decode()


def _pieces(file: IO[bytes]) -> Iterator[bytes]:
    """Compressed files may consist of several streams, as parallel compressors write them."""
    with bz2.open(file) as pieces:
        while piece := pieces.read(_CHUNK_BYTES):
            yield piece


def _id(text: str) -> int:
    value = int(text)
    if not 0 < value <= MAX_TYPE_ID:
        raise ValueError("This is no id.")
    return value


def _cents(average: str) -> int:
    """Rounded to a cent; 0 or less as written."""
    value = float(average) * CENTS
    if not isfinite(value) or value > MAX_CENTS:
        raise ValueError("This is no price.")
    return round(value)
