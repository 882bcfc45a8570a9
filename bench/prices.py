"""Prices by day: estimators compared on a real month, the size of five years, and the time and memory of vectors.

Estimators: the prices of The Forge in ../shared/data/valuation at the end of July 2026, weighted with what was lost on
the four shared days of November 2021; the reference is zKillboard's rule for a live killmail. Size: five years whose
series continue the real month by its own changes and digits from day to day, with thin types beside them, in a real
PostgreSQL; once written in one go, and with --daily once more day by day, each day with the rows that it rewrites.
"""

import argparse
import asyncio
import bz2
import gc
import gzip
import json
import os
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from random import Random
from statistics import median
from typing import Any, Final

import psycopg
from harness.report import report
from pydantic import SecretStr

from battlescope_events.postgres.database import Database, open_pool
from battlescope_events.postgres.outbox import Outbox
from battlescope_local.testing.databases import Databases
from battlescope_local.testing.servers import OwnServers
from killmail_enrich.market.day_prices import DayPrices
from killmail_enrich.persistence.market_days import MarketDays
from killmail_enrich.persistence.market_prices import MarketPrices
from killmail_enrich.prices.market_price import WINDOW_RECORDS, mean_price
from killmail_enrich.prices.price_file import MarketDay, read_price_file
from killmail_enrich.prices.year_series import encode
from killmail_enrich.static_data.repository import StaticData

SHARED: Final = Path(__file__).parents[2] / "shared" / "data"
MONTH: Final = SHARED / "valuation" / "forge-prices-2026-07.json.gz"
LOSSES: Final = sorted((SHARED / "killmails").glob("everef-2021-*.jsonl.gz"))
DAYS: Final = (date(2026, 7, 30), date(2026, 7, 31))  # for which the month has the days before
SKINS, BLUEPRINTS = 91, 9  # categories
YEARS: Final = range(2022, 2027)
THIN_TYPES: Final = 8_500  # beside the 5,716 of the month: 14,000 types trade at some time
THE_FORGE: Final = 10000002
MAX_DRIFT: Final = 3  # of an invented price from its first one
FILE_ROWS: Final = 50_000
Series = Mapping[date, int]


# Estimators: each takes the days of a type up to and including the day, and gives cents.


def window(series: Series, last: date, count: int = WINDOW_RECORDS) -> list[int]:
    return [series[day] for day in sorted((day for day in series if day <= last), reverse=True)[:count]]


def live_rule(series: Series, day: date) -> int | None:
    """ZKillboard's rule for a live killmail, and rule 4: the days before."""
    cents = window(series, day - timedelta(days=1))
    return mean_price(cents) if cents else None


def one_day_older(series: Series, day: date) -> int | None:
    cents = window(series, day - timedelta(days=2))
    return mean_price(cents) if cents else None


def late_rule(series: Series, day: date) -> int | None:
    """ZKillboard's rule for a killmail that comes late: the day included, and never above it."""
    cents = window(series, day)
    return min(mean_price(cents), series.get(day, mean_price(cents))) if cents else None


def median_of(count: int) -> Callable[[Series, date], int | None]:
    def estimate(series: Series, day: date) -> int | None:
        cents = window(series, day - timedelta(days=1), count)
        return round(median(cents)) if cents else None

    return estimate


def newest(series: Series, day: date) -> int | None:
    cents = window(series, day, 1)
    return cents[0] if cents else None


ESTIMATORS: Final[Mapping[str, Callable[[Series, date], int | None]]] = {
    "rule 4": live_rule,
    "rule 4 with its window to D-2": one_day_older,
    "median of the window": median_of(WINDOW_RECORDS),
    "zKillboard late (D included, cap)": late_rule,
    "median of 7 days": median_of(7),
    "newest average <= D": newest,
}


def read_month() -> dict[int, dict[date, int]]:
    with gzip.open(MONTH) as file:
        prices: dict[str, dict[str, float]] = json.load(file)["prices"]
    return {
        int(type_id): {date.fromisoformat(day): round(isk * 100) for day, isk in series.items() if isk > 0}
        for type_id, series in prices.items()
    }


def read_losses() -> Counter[int]:
    """Units lost on the shared days by type: hulls and items at any depth."""
    lost: Counter[int] = Counter()
    for path in LOSSES:
        with gzip.open(path) as lines:
            for line in lines:
                victim: dict[str, Any] = json.loads(line)["victim"]
                lost[victim["ship_type_id"]] += 1
                for type_id, quantity in quantities(victim.get("items", ())):
                    lost[type_id] += quantity
    return lost


def quantities(items: Iterable[Mapping[str, Any]]) -> Iterator[tuple[int, int]]:
    for item in items:
        if item["singleton"] != 2:
            yield item["item_type_id"], item.get("quantity_dropped", 0) + item.get("quantity_destroyed", 0)
        yield from quantities(item.get("items", ()))


def compare_estimators(month: Mapping[int, Series], lost: Mapping[int, int]) -> dict[str, Any]:
    priced = {type_id: count for type_id, count in lost.items() if month.get(type_id)}
    print(
        f"{len(priced)} of {len(lost)} lost types have a price in the month; weights: units lost on {len(LOSSES)} days"
    )
    print(f"{'estimator':36}{'sum':>8}{'sum |diff|':>12}{'types within 5 % / 25 %':>26}")
    figures: dict[str, Any] = {}
    for name, estimate in ESTIMATORS.items():
        ratios, total, difference, reference_total = list[float](), 0, 0, 0
        for day in DAYS:
            for type_id, count in priced.items():
                reference, estimated = live_rule(month[type_id], day), estimate(month[type_id], day)
                if reference and estimated:
                    ratios.append(estimated / reference)
                    total, reference_total = total + count * estimated, reference_total + count * reference
                    difference += count * abs(estimated - reference)
        within = [sum(abs(ratio - 1) <= limit for ratio in ratios) / len(ratios) for limit in (0.05, 0.25)]
        shares = f"{within[0]:.0%} / {within[1]:.0%}"
        print(f"{name:36}{total / reference_total:8.3f}{difference / reference_total:12.1%}{shares:>26}")
        figures[name] = {
            "sum": round(total / reference_total, 4),
            "sum_of_differences": round(difference / reference_total, 4),
            "within_5_percent": round(within[0], 3),
            "within_25_percent": round(within[1], 3),
        }
    return figures


# Size of five years.


def five_years(month: Mapping[int, Series], rng: Random) -> Iterator[tuple[int, dict[int, dict[int, int]]]]:
    """Each type with its prices by year and day of the year."""
    known = [series for series in month.values() if series]
    for type_id, series in enumerate(known, 1):
        yield type_id, continued(series, len(series) / 33, rng)
    for type_id in range(len(known) + 1, len(known) + THIN_TYPES + 1):
        yield type_id, continued(rng.choice(known), rng.uniform(0.002, 0.5), rng)


def continued(series: Series, share: float, rng: Random) -> dict[int, dict[int, int]]:
    """Five years that begin with the real series and go on by its own changes, with as many digits as it has."""
    cents = list(series.values())
    changes = [after / before for before, after in pairwise(cents)] or [1.0]
    digits = [len(str(price).rstrip("0")) for price in cents]
    years: dict[int, dict[int, int]] = {}
    price, step = float(cents[0]), 0
    for year in YEARS:
        for day in range(365):
            if rng.random() < share:
                step += 1
                if step < len(cents):
                    price = shown = cents[step]
                else:
                    changed = price * rng.choice(changes)
                    price = changed if 1 / MAX_DRIFT < changed / cents[0] < MAX_DRIFT else cents[step % len(cents)]
                    shown = rounded(price, rng.choice(digits))
                years.setdefault(year, {})[day] = max(1, round(shown))
    return years


def rounded(price: float, digits: int) -> int:
    scale = 10 ** max(0, len(str(round(price))) - digits)
    return round(price / scale) * scale


def store_five_years(url: str, month: Mapping[int, Series]) -> tuple[int, int]:
    """The number of values, and the milliseconds of CPU of encoding them."""
    values, encoding = 0, 0.0
    with psycopg.connect(url) as connection:
        with (
            connection.cursor() as cursor,
            cursor.copy("COPY market_prices (type_id, region_id, year, prices) FROM STDIN") as copy,
        ):
            for type_id, years in five_years(month, Random(1)):
                for year, prices in years.items():
                    began = time.process_time()
                    content = encode(prices)
                    encoding += time.process_time() - began
                    copy.write_row((type_id, THE_FORGE, year, content))
                    values += len(prices)
        first = date(YEARS[0], 1, 1)
        days = [(first + timedelta(days=n), FILE_ROWS, FILE_ROWS) for n in range((date(2026, 12, 1) - first).days)]
        with (
            connection.cursor() as cursor,
            cursor.copy("COPY market_days (day, listed_rows, loaded_rows) FROM STDIN") as copy,
        ):
            for row in days:
                copy.write_row(row)
        connection.execute("INSERT INTO static_data (build_number, imported_tables) VALUES (1, 7)")
    return values, round(encoding * 1000)


def measure_size(url: str, values: int, label: str) -> dict[str, float]:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE market_prices")
        statement = "SELECT count(*), pg_total_relation_size('market_prices'), sum(length(prices)) FROM market_prices"
        row = connection.execute(statement).fetchone()
    if row is None:
        raise SystemExit("The prices cannot be counted.")
    rows, size, content = row
    sizes = f"{size / 10**6:.1f} MB in PostgreSQL, {float(content) / values:.2f} bytes of series a value"
    print(f"{label}: {values / 10**6:.1f} million values in {rows} rows, {sizes}")
    return {"values": values, "rows": rows, "mb": round(size / 10**6, 1), "bytes_per_value": float(content) / values}


# A row of the series of a year up to a day takes its share of the bytes of the whole one: the planes grow alike.
REWRITE: Final = """
INSERT INTO market_prices AS existing (type_id, region_id, year, prices)
SELECT type_id, region_id, year, substr(prices, 1, greatest(24, length(prices) * %(position)s / 365))
FROM whole WHERE year = %(year)s AND (type_id * 7919 + %(position)s * 104729) %% 1000 < recorded * 1000 / 365
ON CONFLICT (type_id, year, region_id) DO UPDATE SET prices = EXCLUDED.prices
"""


def rewrite_daily(url: str, month: Mapping[int, Series], share: int) -> dict[str, float]:
    """The largest size of the table while five years are loaded day by day, of every `share`-th type, times `share`.

    A row has the length that its series has on that day. Autovacuum, which wakes once a minute and finds a tenth of the
    rows changed, is a vacuum after each day.
    """
    largest, began = 0, time.perf_counter()
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE TABLE whole AS SELECT *, 0 AS recorded FROM market_prices WHERE false")
        with connection.cursor() as cursor, cursor.copy("COPY whole FROM STDIN") as copy:
            for type_id, years in five_years(month, Random(1)):
                for year, prices in years.items() if type_id % share == 0 else ():
                    copy.write_row((type_id, THE_FORGE, year, encode(prices), len(prices)))
        for year in YEARS:
            for position in range(1, 366):
                connection.execute(REWRITE, {"year": year, "position": position})
                connection.execute("VACUUM market_prices")
                row = connection.execute("SELECT pg_total_relation_size('market_prices')").fetchone()
                largest = max(largest, row[0] if row else 0)
            print(f"  {year}: {largest * share / 10**6:.1f} MB at most, {time.perf_counter() - began:.0f} s")
        row = connection.execute("SELECT count(*), sum(length(prices)) FROM market_prices").fetchone()
    if row is None:
        raise SystemExit("The prices cannot be counted.")
    print(
        f"five years day by day: {largest * share / 10**6:.1f} MB at most, {row[0] * share} rows (every {share}th type)"
    )
    return {"mb": round(largest * share / 10**6, 1), "rows": row[0] * share, "share": share}


# Time and memory.


def resident_mib() -> float:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


async def measure_vectors(url: str) -> dict[str, Any]:
    rng, figures = Random(2), dict[str, Any]()
    async with open_pool(SecretStr(url), "bench", max_size=2) as pool:
        database = Database(pool, "killmail")
        days = MarketDays(database, Outbox(database, "killmails"))
        static_data = StaticData(database, time.monotonic)
        prices = DayPrices(MarketPrices(database), days, static_data, time.monotonic)
        await prices.vector(date(2025, 6, 1), [1])
        types = rng.sample(range(1, 5_716 + THIN_TYPES), 5_400)
        for label, month in (("in September", 9), ("in January, whose windows reach into the year before", 1)):
            times = [await seconds_of_vector(prices, date(2025, month, day), types) for day in range(2, 7)]
            wall, cpu = (f"{median(column) * 1000:.0f}" for column in zip(*times, strict=True))
            print(f"vector of 5,400 types {label}: median {wall} ms, {cpu} ms of CPU")
            figures[f"vector {label}"] = {"ms": float(wall), "cpu_ms": float(cpu)}
        singles: list[tuple[float, float]] = []
        for _ in range(200):
            day = date(2025, rng.randint(1, 11), rng.randint(1, 28))
            fresh = DayPrices(MarketPrices(database), days, static_data, time.monotonic)
            singles.append(await seconds_of_vector(fresh, day, rng.sample(types, 11)))
        wall, cpu = (f"{median(column) * 1000:.1f}" for column in zip(*singles, strict=True))
        print(f"a cold killmail with 11 types: median {wall} ms, {cpu} ms of CPU")
        figures["cold killmail"] = {"ms": float(wall), "cpu_ms": float(cpu)}
        return figures | await measure_memory(prices, types)


async def seconds_of_vector(prices: DayPrices, day: date, types: Sequence[int]) -> tuple[float, float]:
    began, cpu = time.perf_counter(), time.process_time()
    vector = await prices.vector(day, types)
    if vector is None:
        raise SystemExit("The market days of this day are not loaded.")
    return time.perf_counter() - began, time.process_time() - cpu


async def measure_memory(prices: DayPrices, types: Sequence[int]) -> dict[str, Any]:
    """A backfill: whole days one after the other, in slices as killmails come."""
    sizes: list[float] = []
    for number in range(60):
        day = date(2025, 3, 1) + timedelta(days=number)
        for start in range(0, len(types), 1_500):
            await prices.vector(day, types[start : start + 1_500])
        gc.collect()
        sizes.append(resident_mib())
    memory = {f"after {days} days": round(sizes[days - 1]) for days in (5, 30, 60)}
    print(f"memory: {sizes[4]:.0f} MiB after 5 days, {sizes[29]:.0f} after 30, {sizes[59]:.0f} after 60")
    return {"memory_mib": memory}


async def measure_files(url: str, month: Mapping[int, Series]) -> dict[str, float]:
    """Days of full size as the loader reads and stores them, eight at a time, with a vacuum after each eight."""
    rng = Random(3)
    known = list(month)
    async with open_pool(SecretStr(url), "bench", max_size=2) as pool:
        database = Database(pool, "killmail")
        days = MarketDays(database, Outbox(database, "killmails"))
        read, stored, began = 0.0, 0.0, time.perf_counter()
        for group in range(3):
            market_days: list[MarketDay] = []
            for number in range(8):
                day = date(2026, 12, 1) + timedelta(days=group * 8 + number)
                with tempfile.TemporaryFile() as file:
                    file.write(price_file(day, known, rng))
                    file.seek(0)
                    cpu = time.process_time()
                    market_days.append(read_price_file(file, day))
                    read += time.process_time() - cpu
            cpu = time.process_time()
            async with days.transaction() as transaction:
                await transaction.save_days(market_days, datetime.now(UTC))
            stored += time.process_time() - cpu
            async with database.connection() as connection:
                await connection.execute("VACUUM market_prices")
    seconds = time.perf_counter() - began
    print(f"24 files of {FILE_ROWS} rows: {read / 24:.2f} s of CPU to read one, {stored / 24:.2f} to store it, "
          f"{resident_mib():.0f} MiB, {seconds:.0f} s with their making")  # fmt: skip
    return {"cpu_seconds_to_read": read / 24, "cpu_seconds_to_store": stored / 24, "memory_mib": resident_mib()}


def price_file(day: date, types: Sequence[int], rng: Random) -> bytes:
    lines = ["average,date,highest,lowest,order_count,volume,http_last_modified,region_id,type_id"]
    forge = [(THE_FORGE, 1 + n) for n in rng.sample(range(5_716 + THIN_TYPES), 8_000)]
    others = [(10000003 + n % 60, types[n % len(types)]) for n in range(FILE_ROWS - len(forge))]
    lines += [
        f"{rng.randint(100, 10**9) / 100},{day},1.0,1.0,5,10,{day}T11:05:00Z,{region},{type_id}"
        for region, type_id in [*forge, *others]
    ]
    return bz2.compress("\n".join(lines).encode(), 1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--daily", type=int, metavar="N", help="load five years of every Nth type day by day (minutes)")
    arguments = parser.parse_args()
    if not MONTH.is_file():
        raise SystemExit("../shared/data is absent: the real prices and killmails are not part of the project.")
    print(f"load average {os.getloadavg()[0]:.1f}")
    month = read_month()
    figures: dict[str, Any] = {"estimators": compare_estimators(month, without_worthless(read_losses()))}
    servers = OwnServers()
    with Databases(servers) as databases:
        if arguments.daily:
            daily = databases.clone("battlescope_killmails").owner
            figures["five years day by day"] = rewrite_daily(daily, month, arguments.daily)
        url = databases.clone("battlescope_killmails").owner
        values, encoding = store_five_years(url, month)
        figures["five years"] = measure_size(url, values, "five years")
        print(f"encoding: {encoding / values * 1000:.2f} us of CPU a value")
        figures |= asyncio.run(measure_vectors(url))
        figures["files"] = asyncio.run(measure_files(url, month))
        figures["24 days more"] = measure_size(url, values + 24 * 8_000, "with 24 days more, by the loader")
    servers.close()
    report("prices", figures)


def without_worthless(lost: Mapping[int, int]) -> dict[int, int]:
    """Without SKINs and blueprints, as the reference's own comparison."""
    with gzip.open(SHARED / "sde" / "groups.csv.gz", "rt") as lines:
        rows = [line.rstrip().rsplit(",", 2) for line in lines][1:]
        left_out = {row[0].split(",")[0] for row in rows if row[1] in {str(SKINS), str(BLUEPRINTS)}}
    with gzip.open(SHARED / "sde" / "types.csv.gz", "rt") as lines:
        skipped = {int(line.split(",")[0]) for line in list(lines)[1:] if line.rstrip().rpartition(",")[2] in left_out}
    return {type_id: count for type_id, count in lost.items() if type_id not in skipped}


if __name__ == "__main__":
    main()
