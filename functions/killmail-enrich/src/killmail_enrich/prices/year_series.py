"""The recorded market prices of one type, region and calendar year, as bytes of about three bytes a price.

Layout, compressed by raw deflate: one byte with the width W of a number, 46 bytes with a bit for each recorded day of
the year (bit 0: 1 January), then W planes. Plane J holds byte J of every number, so that like stands beside like. A
number is the difference to the price before it, in cents, plus a bias of 0x80 in each byte: small differences of both
signs then have equal higher bytes. All but the newest prices are summed in C, so a window is read in microseconds.
"""

import sys
import zlib
from array import array
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import accumulate
from typing import Final, NamedTuple

_BITMAP_BYTES: Final = 46  # 366 days
_WORD: Final = 8
_LEVEL: Final = 6
_RAW_DEFLATE: Final = -15  # neither header nor checksum: PostgreSQL has its own
_BIASES: Final = tuple(int.from_bytes(b"\x80" * width) for width in range(_WORD + 1))
MAX_CENTS: Final = 10**16  # far above every price, far below 2^63
_MAX_BYTES: Final = 1 + _BITMAP_BYTES + 366 * _WORD


class MalformedSeries(ValueError):  # noqa: N818  # an outcome
    """The bytes are not a series of prices."""


@dataclass(frozen=True, slots=True)
class YearSeries:
    """A bit for each recorded day of the year, and its price in cents, oldest first."""

    days: int
    cents: tuple[int, ...]


class Records(NamedTuple):
    """Prices in cents, newest first, with the first and the last of their days."""

    cents: Sequence[int]
    first_day: date
    last_day: date


def encode(prices: Mapping[int, int]) -> bytes:
    """The bytes of prices in cents by day of the year (0: 1 January).

    Raises:
        ValueError: a day or a price is out of range.
    """
    days = sorted(prices)
    if not days or days[0] < 0 or days[-1] >= _BITMAP_BYTES * 8:
        raise ValueError("A year has between 1 and 366 recorded days.")
    cents = [prices[day] for day in days]
    if min(cents) <= 0 or max(cents) > MAX_CENTS:
        raise ValueError("A price lies outside the range of prices.")
    differences = [after - before for before, after in zip([0, *cents], cents, strict=False)]
    width = _width(min(differences), max(differences))
    bias = _BIASES[width]
    words = array("Q", [difference + bias for difference in differences])
    if sys.byteorder == "big":
        words.byteswap()
    packed = words.tobytes()
    bitmap = sum(1 << day for day in days).to_bytes(_BITMAP_BYTES, "little")
    raw = bytes([width]) + bitmap + b"".join(packed[plane::_WORD] for plane in range(width))
    compressor = zlib.compressobj(_LEVEL, zlib.DEFLATED, _RAW_DEFLATE)
    return compressor.compress(raw) + compressor.flush()


def decode(content: bytes) -> dict[int, int]:
    """Prices in cents by day of the year. Raises `MalformedSeries`."""
    days, words, bias = _unpack(content)
    sums = accumulate(words)
    cents = (total - position * bias for position, total in enumerate(sums, 1))
    return dict(zip(_set_bits(days), cents, strict=True))


def merge(content: bytes | None, prices: Mapping[int, int], days: Iterable[int]) -> bytes | None:
    """The series with these days of the year replaced by `prices`; None where no price is left.

    The same bytes where nothing changes. Raises the errors of `encode` and `decode`.
    """
    before = decode(content) if content else {}
    replaced = set(days)
    after = {day: cents for day, cents in before.items() if day not in replaced} | dict(prices)
    if after == before:
        return content
    return encode(after) if after else None


def newest_records(years: Mapping[int, bytes], first: date, last: date, count: int) -> Records | None:
    """The newest `count` prices from `first` to `last`, both included; None where there is none.

    years: series by calendar year. Raises `MalformedSeries`.
    """
    cents: list[int] = []
    days: list[date] = []
    for year in range(last.year, first.year - 1, -1):
        content = years.get(year)
        if content is None or len(cents) == count:
            continue
        start = date(year, 1, 1)
        since = max(0, (first - start).days)
        until = (last - start).days + 1
        newest, positions = _newest_of_year(content, since, until, count - len(cents))
        cents += newest
        days += [start + timedelta(days=position) for position in positions]
    return Records(cents, days[-1], days[0]) if cents else None


def _newest_of_year(content: bytes, since: int, until: int, count: int) -> tuple[list[int], list[int]]:
    """The newest prices of the days from `since` until before `until`, and the newest and the oldest of their days."""
    days, words, bias = _unpack(content)
    before = days & ((1 << until) - 1)
    end = before.bit_count()
    within = before >> since
    size = min(count, within.bit_count())
    if not size:
        return [], []
    start = end - size
    base = sum(words[:start])
    sums = accumulate(words[start:end], initial=base)
    next(sums)
    cents = [total - position * bias for position, total in enumerate(sums, start + 1)]
    cents.reverse()
    return cents, [since + within.bit_length() - 1, since + _nth_highest(within, size)]


def _nth_highest(bits: int, count: int) -> int:
    """The position of the set bit that `count - 1` set bits are above."""
    top = bits.bit_length()
    if (bits >> (top - count)).bit_count() == count:  # no day is missing
        return top - count
    for _ in range(count - 1):
        bits ^= 1 << (bits.bit_length() - 1)
    return bits.bit_length() - 1


def _unpack(content: bytes) -> tuple[int, "array[int]", int]:
    """The bits of the recorded days, the biased differences, and the bias."""
    try:
        raw = zlib.decompressobj(_RAW_DEFLATE).decompress(content, _MAX_BYTES + 1)
    except zlib.error as error:
        raise MalformedSeries(f"A series of prices cannot be decompressed: {error}.") from error
    days = int.from_bytes(raw[1 : 1 + _BITMAP_BYTES], "little")
    count, width = days.bit_count(), raw[0] if raw else 0
    if not count or not 0 < width <= _WORD or len(raw) != 1 + _BITMAP_BYTES + count * width:
        raise MalformedSeries("A series of prices has another length than its days demand.")
    packed = bytearray(count * _WORD)
    for plane in range(width):
        start = 1 + _BITMAP_BYTES + plane * count
        packed[plane::_WORD] = raw[start : start + count]
    words = array("Q", packed)
    if sys.byteorder == "big":
        words.byteswap()
    return days, words, _BIASES[width]


def _width(smallest: int, largest: int) -> int:
    """The bytes that every biased difference fits into."""
    return next(
        width
        for width, bias in enumerate(_BIASES)
        if width and smallest + bias >= 0 and largest + bias < 1 << (8 * width)
    )


def _set_bits(bits: int) -> list[int]:
    return [position for position in range(bits.bit_length()) if bits >> position & 1]
