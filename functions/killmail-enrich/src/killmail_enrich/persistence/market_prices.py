"""Stored market prices: a series per type, region and year. Days are merged into it, types are read from it."""

import asyncio
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from itertools import groupby, islice
from typing import Final, LiteralString

from battlescope_events.postgres.database import Connection, Database
from killmail_enrich.persistence.parameters import bigint_array
from killmail_enrich.prices.price_file import MAX_TYPE_ID, MarketDay
from killmail_enrich.prices.year_series import merge

SELECT_SERIES: Final[LiteralString] = """
SELECT type_id, region_id, year, prices FROM market_prices
WHERE type_id = ANY (%(type_ids)s::integer[]) AND year BETWEEN %(first_year)s::integer AND %(last_year)s::integer
"""
SELECT_TYPES_OF_YEAR: Final[LiteralString] = """
SELECT DISTINCT type_id FROM market_prices WHERE year = %(year)s::smallint ORDER BY type_id
"""
UPSERT_SERIES: Final[LiteralString] = """
INSERT INTO market_prices AS existing (type_id, region_id, year, prices)
SELECT type_id, region_id, %(year)s::smallint, prices
FROM unnest(%(type_ids)s::integer[], %(region_ids)s::integer[], %(prices)s::bytea[]) AS row (type_id, region_id, prices)
ON CONFLICT (type_id, year, region_id) DO UPDATE SET prices = EXCLUDED.prices
"""
DELETE_SERIES: Final[LiteralString] = """
DELETE FROM market_prices USING unnest(%(type_ids)s::integer[], %(region_ids)s::integer[]) AS row (type_id, region_id)
WHERE market_prices.type_id = row.type_id AND market_prices.region_id = row.region_id
    AND market_prices.year = %(year)s::smallint
"""
LOCK_PRICES: Final[LiteralString] = "SELECT pg_advisory_xact_lock(%(lock)s)"
PRICES_LOCK: Final = 0x70726963  # any number that no other lock of this database uses
TYPES_PER_STATEMENT: Final = 1_000  # 1 MB of series
_Key = tuple[int, int]  # type and region
Series = dict[int, dict[int, dict[int, bytes]]]  # by type, region and year


class MarketPrices:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def series(self, type_ids: Collection[int], first_year: int, last_year: int) -> Series:
        """The series of these types in these years. A killmail may have ids that no type has."""
        series: Series = {}
        possible = bigint_array(type_id for type_id in type_ids if 0 < type_id <= MAX_TYPE_ID)
        params = {"type_ids": possible, "first_year": first_year, "last_year": last_year}
        async with self._database.connection() as connection:
            cursor = connection.cursor(binary=True)
            await cursor.execute(SELECT_SERIES, params)
            for type_id, region_id, year, prices in await cursor.fetchall():
                series.setdefault(type_id, {}).setdefault(region_id, {})[year] = prices
        return series


async def save_days(connection: Connection, days: Sequence[MarketDay], replaced: Collection[date]) -> None:
    """Store the prices of days in the transaction of `connection`. replaced: those of them that are stored already."""
    await connection.execute(LOCK_PRICES, {"lock": PRICES_LOCK})
    in_order = sorted(days, key=lambda day: day.day)
    for year, group in groupby(in_order, key=lambda day: day.day.year):
        days_of_year = list(group)
        by_type = await asyncio.to_thread(_by_type, days_of_year)
        types = set(by_type)
        if any(day.day in replaced for day in days_of_year):  # a price may have gone
            types.update(await connection.column(SELECT_TYPES_OF_YEAR, {"year": year}))
        positions = [day.day.timetuple().tm_yday - 1 for day in days_of_year]
        for type_ids in _chunks(sorted(types)):
            await _save_types(connection, year, positions, {type_id: by_type.get(type_id, {}) for type_id in type_ids})


async def _save_types(
    connection: Connection, year: int, positions: Sequence[int], prices: Mapping[int, Mapping[_Key, Mapping[int, int]]]
) -> None:
    params = {"type_ids": bigint_array(prices), "first_year": year, "last_year": year}
    cursor = connection.cursor(binary=True)
    await cursor.execute(SELECT_SERIES, params)
    existing = {(type_id, region_id): series for type_id, region_id, _, series in await cursor.fetchall()}
    incoming = {key: by_day for by_key in prices.values() for key, by_day in by_key.items()}
    changed = await asyncio.to_thread(_merge_all, existing, incoming, positions)
    written = {key: series for key, series in changed.items() if series is not None}
    if written:
        await connection.execute(UPSERT_SERIES, _keys(written, year) | {"prices": list(written.values())})
    if deleted := [key for key, series in changed.items() if series is None]:
        await connection.execute(DELETE_SERIES, _keys(deleted, year))


def _merge_all(
    existing: Mapping[_Key, bytes], incoming: Mapping[_Key, Mapping[int, int]], positions: Sequence[int]
) -> dict[_Key, bytes | None]:
    """The series that change; None where no price is left."""
    changed: dict[_Key, bytes | None] = {}
    for key in existing.keys() | incoming.keys():
        before = existing.get(key)
        after = merge(before, incoming.get(key, {}), positions)
        if after != before:
            changed[key] = after
    return changed


def _by_type(days: Iterable[MarketDay]) -> dict[int, dict[_Key, dict[int, int]]]:
    """Prices by type, then by type and region, then by day of the year."""
    by_type: dict[int, dict[_Key, dict[int, int]]] = {}
    for day in days:
        position = day.day.timetuple().tm_yday - 1
        for key, cents in day.prices.items():
            by_type.setdefault(key[0], {}).setdefault(key, {})[position] = cents
    return by_type


def _chunks(type_ids: Iterable[int]) -> Iterable[list[int]]:
    remaining = iter(type_ids)
    while chunk := list(islice(remaining, TYPES_PER_STATEMENT)):
        yield chunk


def _keys(keys: Iterable[_Key], year: int) -> dict[str, object]:
    columns = list(keys)
    return {
        "year": year,
        "type_ids": bigint_array(type_id for type_id, _ in columns),
        "region_ids": bigint_array(region_id for _, region_id in columns),
    }
