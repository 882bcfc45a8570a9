"""The recorded market prices of one type, region and calendar year, as bytes of about three bytes a price.

Layout: a header of four bytes, the last quotient, planes as they are, and a raw deflate of 46 bytes with a bit for each
recorded day of the year (bit 0: 1 January) and of the other planes. A price is `quotient * 10 ** exponent + rest`: half
of the prices have four digits, so their rests are zero, and the quotients are short. Plane J of the quotients holds
byte J of each difference to the quotient before, plus a bias of 0x80 in each byte: small differences of both signs then
have equal higher bytes. Plane J of the rests holds byte J of each. Low bytes are as good as random; inflating them
would take half of the time of reading a window, and save nothing. Fixed codes are four percent longer than those of
each series, and read in half of the time. A window is summed up from the nearer end of the year, in C.
"""

import sys
import zlib
from array import array
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from itertools import accumulate, repeat
from operator import add, mul, sub
from typing import Final, NamedTuple

_BITMAP_BYTES: Final = 46  # 366 days
_WORD: Final = 8
_HEADER_BYTES: Final = 4
_LEVEL: Final = 6
_RAW_DEFLATE: Final = -15  # neither header nor checksum: PostgreSQL has its own
_BIASES: Final = tuple(int.from_bytes(b"\x80" * width) for width in range(_WORD + 1))
MAX_CENTS: Final = 10**16  # far above every price, far below 2^63
_DIGITS: Final = 4  # of most prices of the game
_MIN_USUAL_SHARE: Final = 0.2
_MIN_DISTINCT_SHARE: Final = 0.35  # of the bytes of a plane that deflate hardly makes smaller
_MAX_COMMON_SHARE: Final = 0.1  # of its most usual bytes: a rest of zero and, of quotients, the same price again
_SAME: Final = 0x80
_MAX_BYTES: Final = _BITMAP_BYTES + 366 * 2 * _WORD


class MalformedSeries(ValueError):
    """The bytes are not a series of prices."""


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
    bitmap = sum(1 << day for day in days).to_bytes(_BITMAP_BYTES, "little")
    exponent = _exponent(cents)
    scale = 10**exponent
    quotients = [price // scale for price in cents]
    differences = [after - before for before, after in zip([0, *quotients], quotients, strict=False)]
    width = _width(min(differences), max(differences))
    bias = _BIASES[width]
    rests = [price % scale for price in cents]
    rest_width = (max(rests).bit_length() + 7) // 8
    planes = _planes([difference + bias for difference in differences], width)
    rest_planes = _planes(rests, rest_width)
    raw, rest_raw = _raw_planes(planes), _raw_planes(rest_planes)
    compressor = zlib.compressobj(_LEVEL, zlib.DEFLATED, _RAW_DEFLATE, strategy=zlib.Z_FIXED)
    compressed = compressor.compress(b"".join([bitmap, *planes[raw:], *rest_planes[rest_raw:]])) + compressor.flush()
    header = _header(quotients, exponent, (width, rest_width), (raw, rest_raw))
    return b"".join([header, *planes[:raw], *rest_planes[:rest_raw], compressed])


def decode(content: bytes) -> dict[int, int]:
    """Prices in cents by day of the year. Raises `MalformedSeries`."""
    series = _read(content)
    return dict(zip(_set_bits(series.days), series.cents(0, series.days.bit_count()), strict=True))


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
    newest = oldest = first
    for year in range(last.year, first.year - 1, -1):
        content = years.get(year)
        if content is None or len(cents) == count:
            continue
        start = date(year, 1, 1)
        since = (first - start).days if first > start else 0
        found = _newest_of_year(content, since, (last - start).days + 1, count - len(cents))
        if found is not None:
            newest = newest if cents else start + timedelta(days=found[1])
            oldest = start + timedelta(days=found[2])
            cents += found[0]
    return Records(cents, oldest, newest) if cents else None


def _newest_of_year(content: bytes, since: int, until: int, count: int) -> tuple[list[int], int, int] | None:
    """The newest prices of the days from `since` until before `until`, and the newest and the oldest of their days."""
    series = _read(content)
    before = series.days & ((1 << until) - 1)
    within = before >> since
    size = min(count, within.bit_count())
    if not size:
        return None
    end = before.bit_count()
    cents = series.cents(end - size, end)
    cents.reverse()
    return cents, before.bit_length() - 1, since + _nth_highest(within, size)


def _nth_highest(bits: int, count: int) -> int:
    """The position of the set bit that `count - 1` set bits are above."""
    top = bits.bit_length()
    if (bits >> (top - count)).bit_count() == count:  # no day is missing
        return top - count
    for _ in range(count - 1):
        bits ^= 1 << (bits.bit_length() - 1)
    return bits.bit_length() - 1


def _exponent(cents: Sequence[int]) -> int:
    """That of prices with the usual digits, if enough of these have no more."""
    exponent = max(0, len(str(sorted(cents)[len(cents) // 2])) - _DIGITS)
    scale = 10**exponent
    is_usual = sum(price % scale == 0 for price in cents) >= len(cents) * _MIN_USUAL_SHARE
    return exponent if is_usual else 0


def _header(quotients: Sequence[int], exponent: int, widths: tuple[int, int], raw: tuple[int, int]) -> bytes:
    """widths: the numbers of planes of quotients and of rests. raw: how many of the lowest of them stay as they are."""
    last = quotients[-1]
    last_width = max(1, (last.bit_length() + 7) // 8)
    low = len(quotients) | widths[0] << 9 | last_width - 1 << 13
    bits = low | widths[1] << 16 | raw[0] << 20 | raw[1] << 24 | exponent << 28
    return bits.to_bytes(_HEADER_BYTES, "little") + last.to_bytes(last_width, "little")


class _Series(NamedTuple):
    """A bit for each recorded day of the year, and the planes one after another.

    starts, rest_starts: of the planes of quotients and of rests, lowest bytes first.
    """

    size: int
    days: int
    last: int
    planes: bytes
    starts: Sequence[int]
    rest_starts: Sequence[int]
    exponent: int

    def cents(self, start: int, end: int) -> list[int]:
        """The prices of the recorded days from number `start` until before `end`, oldest first."""
        bias = _BIASES[len(self.starts)]
        sums = accumulate(self._words(self.starts, start, end), initial=self._before(start, bias))
        next(sums)
        quotients = map(sub, sums, range(bias, bias * (end - start + 1), bias))
        if not self.exponent:
            return list(quotients)
        scaled = map(mul, quotients, repeat(10**self.exponent))
        return list(map(add, scaled, self._words(self.rest_starts, start, end)))

    def _before(self, start: int, bias: int) -> int:
        """The quotient before number `start`, by the differences of the shorter part of the year."""
        if 2 * start <= self.size:
            return self._sum(0, start) - start * bias
        return self.last - self._sum(start, self.size) + (self.size - start) * bias

    def _sum(self, start: int, end: int) -> int:
        total = 0
        for byte, plane in enumerate(self.starts):
            total += sum(self.planes[plane + start : plane + end]) << 8 * byte
        return total

    def _words(self, planes: Sequence[int], start: int, end: int) -> "array[int]":
        packed = bytearray((end - start) * _WORD)
        for byte, plane in enumerate(planes):
            packed[byte::_WORD] = self.planes[plane + start : plane + end]
        words = array("Q", packed)
        if sys.byteorder == "big":
            words.byteswap()
        return words


def _read(content: bytes) -> _Series:
    bits = int.from_bytes(content[:_HEADER_BYTES], "little")
    count, width, rest_width = bits & 0x1FF, bits >> 9 & 0xF, bits >> 16 & 0xF
    raw, rest_raw = bits >> 20 & 0xF, bits >> 24 & 0xF
    if not 0 < width <= _WORD or rest_width > _WORD or raw > width or rest_raw > rest_width:
        raise MalformedSeries("The header of a series of prices is malformed.")
    begin = _HEADER_BYTES + 1 + (bits >> 13 & 0x7)
    start = begin + (raw + rest_raw) * count
    try:
        rest = zlib.decompressobj(_RAW_DEFLATE).decompress(content[start:], _MAX_BYTES)
    except zlib.error as error:
        raise MalformedSeries(f"A series of prices cannot be decompressed: {error}.") from error
    days = int.from_bytes(rest[:_BITMAP_BYTES], "little")
    planes = content[begin:start] + rest[_BITMAP_BYTES:]
    if not count or days.bit_count() != count or len(planes) != count * (width + rest_width):
        raise MalformedSeries("A series of prices has another length than its days demand.")
    # In this order: the raw planes of quotients and of rests, then the others of quotients and of rests.
    starts = [count * (plane if plane < raw else rest_raw + plane) for plane in range(width)]
    rest_starts = [count * (raw + plane if plane < rest_raw else width + plane) for plane in range(rest_width)]
    last = int.from_bytes(content[_HEADER_BYTES:begin], "little")
    return _Series(count, days, last, planes, starts, rest_starts, bits >> 28)


def _planes(numbers: Sequence[int], width: int) -> list[bytes]:
    words = array("Q", numbers)
    if sys.byteorder == "big":
        words.byteswap()
    packed = words.tobytes()
    return [packed[byte::_WORD] for byte in range(width)]


def _raw_planes(planes: Sequence[bytes]) -> int:
    """How many of the lowest planes look random, so that deflate would hardly make them smaller."""
    for number, plane in enumerate(planes):
        limit = len(plane) * _MAX_COMMON_SHARE
        if len(set(plane)) < len(plane) * _MIN_DISTINCT_SHARE or max(plane.count(0), plane.count(_SAME)) > limit:
            return number
    return len(planes)


def _width(smallest: int, largest: int) -> int:
    """The bytes that every biased difference fits into."""
    return next(
        width
        for width, bias in enumerate(_BIASES)
        if width and smallest + bias >= 0 and largest + bias < 1 << (8 * width)
    )


def _set_bits(bits: int) -> list[int]:
    return [position for position in range(bits.bit_length()) if bits >> position & 1]
