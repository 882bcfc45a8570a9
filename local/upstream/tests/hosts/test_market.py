"""EVE Ref's market history host."""

import bz2
import csv
from datetime import UTC, datetime
from typing import Any

import pytest
from upstream_client import Client, upstream

TOTALS = "/everef/market-history/totals.json"


def path(day: str) -> str:
    return f"/everef/market-history/{day[:4]}/market-history-{day}.csv.bz2"


async def rows(client: Client, day: str) -> list[dict[str, str]]:
    status, body, _ = await client.get(path(day))
    assert status == 200
    return list(csv.DictReader(bz2.decompress(body).decode().splitlines()))


async def test_every_listed_day_has_a_file_with_the_listed_rows() -> None:
    async with upstream(market_days=2) as (client, _):
        totals = await client.json(TOTALS)
        assert list(totals) == ["2026-03-05", "2026-03-06", "2026-03-07"]
        prices: dict[str, Any] = {day: await rows(client, day) for day in totals}
        assert {day: len(prices[day]) for day in totals} == totals
        assert {row["date"] for row in prices["2026-03-07"]} == {"2026-03-07"}
        assert await client.status(path("2026-03-04")) == 404
        # The same in another process, and other prices on another day.
        async with upstream(market_days=2) as (other, _):
            assert await rows(other, "2026-03-06") == prices["2026-03-06"]
        assert prices["2026-03-05"][0]["average"] != prices["2026-03-06"][0]["average"]


async def test_layout_is_that_of_the_year() -> None:
    async with upstream(market_days=1, start=datetime(2018, 6, 1, 20, tzinfo=UTC)) as (client, _):
        assert list((await rows(client, "2018-06-01"))[0])[:4] == ["date", "region_id", "type_id", "average"]
    async with upstream(market_days=1) as (client, _):
        assert list((await rows(client, "2026-03-07"))[0])[:2] == ["average", "date"]


async def test_each_fault_of_the_market() -> None:
    async with upstream(market_days=1) as (client, _):
        totals = await client.json(TOTALS)
        (_, whole, _), newest = await client.get(path("2026-03-07")), len(await rows(client, "2026-03-07"))
        await client.change_faults(market_away=True)
        assert [await client.status(TOTALS), await client.status(path("2026-03-07"))] == [503, 503]
        await client.change_faults(market_away=False, market_broken=True)
        with pytest.raises(ValueError, match="end-of-stream"):
            bz2.decompress((await client.get(path("2026-03-07")))[1])
        await client.change_faults(market_broken=False, market_half=True)
        assert (await client.json(TOTALS)) == {"2026-03-06": totals["2026-03-06"], "2026-03-07": newest // 2}
        assert len(await rows(client, "2026-03-07")) == newest // 2
        await client.change_faults(market_half=False, market_wrong_columns=True)
        assert "average" not in (await rows(client, "2026-03-07"))[0]
        await client.change_faults(market_wrong_columns=False, market_rewritten=True)
        assert (await client.json(TOTALS))["2026-03-07"] == newest - 1
        assert (await client.get(path("2026-03-07")))[1] != whole
