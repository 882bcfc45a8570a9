"""Killmails without a value become battles while their prices are away, broken or without columns; values come later.

Real stores and processes. Then zKillboard's values for half of the killmails arrive in random order, and corrections.
"""

import asyncio
import json
import random
import threading
import time
from collections.abc import Callable, Generator, Iterable, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, LiteralString

import httpx2
import pytest
from machine import BATTLES, KILLMAILS, Machine, wait_until_finished

from battlescope_events.catalog import PRICES_REQUESTED
from battlescope_local.function_api import FunctionApi
from battlescope_local.login import api_token
from battlescope_local.node import state
from battlescope_schemas.prices import PricesRequested
from battlescope_upstream.testing import running_upstream

pytestmark = pytest.mark.e2e
KILLMAIL_COUNT = 40
VALUED = "SELECT count(*) FROM enriched_killmails WHERE valuation_rules IS NOT NULL"
DAYS = "SELECT DISTINCT (killmail_time AT TIME ZONE 'UTC')::date FROM enriched_killmails"
REFUSED = "SELECT count(*) FROM market_days WHERE refusals = 1"
REFUSED_AGAIN = "SELECT count(*) FROM market_days WHERE refusals = 2"
SHOWN = "SELECT killmail_id, value_source, total_value FROM enriched_killmails"
COMPUTED = "SELECT killmail_id, (valuation #>> '{computedValue,total}')::numeric FROM enriched_killmails"
TOTALS: LiteralString = """
SELECT total_isk_destroyed, isk_computed_high + isk_computed_medium + isk_computed_low, kills_without_value,
    (SELECT array_agg(killmail_id) FROM battle_killmails WHERE battle_id = battles.id),
    (SELECT sum(isk_lost) FROM battle_participants WHERE battle_id = battles.id)
FROM battles WHERE deleted_at IS NULL
"""
AN_HOUR_LATER: tuple[LiteralString, ...] = (
    "UPDATE market_days SET refused_at = refused_at - interval '2 hours'",
    "UPDATE market_source SET listed_at = listed_at - interval '2 hours'",
    "UPDATE upstream_cooldowns SET quiet_until = now()",
)


class Feed:
    """The files of a feed by their sequence numbers; new ones are added while it is read."""

    def __init__(self, files: Mapping[int, Mapping[str, Any]]) -> None:
        self.files = dict(files)

    def add(self, file: Mapping[str, Any]) -> None:
        self.files[max(self.files) + 1] = file

    def content(self, name: str) -> bytes | None:
        if name == "sequence":
            return json.dumps({"sequence": min(self.files)}).encode()
        file = self.files.get(int(name))
        return None if file is None else json.dumps({**file, "sequence_id": int(name)}).encode()

    @contextmanager
    def serving(self) -> Generator[str]:
        """Yields the URL."""
        feed = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = feed.content(self.path.rpartition("/")[2].removesuffix(".json"))
                self.send_response(404 if body is None else 200)
                self.send_header("content-length", str(len(body or b"")))
                self.end_headers()
                self.wfile.write(body or b"")

            def log_message(self, *_: Any) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            server.server_close()


def until(condition: Callable[[], object]) -> None:
    ends_at = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < ends_at, "The condition did not come true."
        time.sleep(0.1)


def simulated_files(world: str) -> dict[int, dict[str, Any]]:
    """The files of the simulated feed, without any value of zKillboard."""
    sequences = httpx2.get(f"{world}/control/sequences").raise_for_status().json()
    files: dict[int, dict[str, Any]] = {}
    for sequence in sequences:
        file = httpx2.get(f"{world}/control/raw/{sequence}").raise_for_status().json()
        zkb = {key: value for key, value in file["zkb"].items() if not key.endswith("Value")}
        files[int(sequence)] = file | {"zkb": zkb}
    return files


def change_faults(world: str, **settings: bool) -> None:
    httpx2.post(f"{world}/control/dials", json=settings).raise_for_status()


def wait_for_requests(machine: Machine) -> None:
    """What a request refuses after an hour has passed rests for another one.

    And a fault that changes during a request leaves only the newest days refused: the killmails are then valued by the
    prices before these, and another request loads them, so that a job would value every killmail again.
    """
    until(lambda: not machine.queues()["killmail-enrich-prices"])


def request_prices(machine: Machine, days: Iterable[date]) -> None:
    """As the timer does ten minutes later, when an unusable file has rested for an hour."""
    wait_for_requests(machine)
    with machine.connection(KILLMAILS) as connection:
        for statement in AN_HOUR_LATER:
            connection.execute(statement)
    node = state.read(machine.folder)
    assert node is not None
    for day in days:
        now = datetime.now(UTC)
        message = PRICES_REQUESTED.message(PricesRequested(date=day), source="tests", key=f"{day}:{now}", time=now)
        headers = {**message.headers, "authorization": f"Bearer {node.token}"}
        url = f"{node.internal_url}/brokers/battlescope/killmails"
        assert httpx2.post(url, content=message.body, headers=headers).status_code == httpx2.codes.ACCEPTED


def assert_totals(machine: Machine, expected: Mapping[int, Decimal], computed: Mapping[int, Decimal]) -> None:
    """Every battle has the sums of its killmails; computed: those whose value zKillboard does not state."""
    battles = machine.rows(BATTLES, TOTALS)
    assert battles
    for total, computed_total, without_value, killmail_ids, lost in battles:
        assert total == lost == sum(expected[killmail_id] for killmail_id in killmail_ids)
        assert computed_total == sum(computed.get(killmail_id, 0) for killmail_id in killmail_ids)
        assert without_value == 0


def computed_values(machine: Machine) -> dict[int, Decimal]:
    return dict(machine.rows(KILLMAILS, COMPUTED))


async def test_values_follow_prices_and_the_feed_in_any_order(nobodys_folder: Callable[[], Path]) -> None:
    async with running_upstream(evening=7, mails=KILLMAIL_COUNT, speed="max", market_away=True) as world:
        feed = Feed(await asyncio.to_thread(simulated_files, world))
        with feed.serving() as feed_url:
            machine = Machine(nobodys_folder() / "values", world, upstreams={"FEED_URL": feed_url})
            try:
                await asyncio.to_thread(machine.start)
                await asyncio.to_thread(prices_come_late, machine, world)
                await asyncio.to_thread(zkb_comes_late, machine, feed)
                await asyncio.to_thread(job_values_again, machine)
            finally:
                await asyncio.to_thread(machine.stop)


def prices_come_late(machine: Machine, world: str) -> None:
    wait_until_finished(machine, KILLMAIL_COUNT, lambda _: None)
    until(lambda: machine.rows(KILLMAILS, "SELECT count(*) FROM market_source WHERE failure IS NOT NULL") == [(1,)])
    days = [day for (day,) in machine.rows(KILLMAILS, DAYS)]
    waiting = [(len(days),)]
    assert machine.rows(KILLMAILS, "SELECT count(*) FROM wanted_price_days") == waiting
    assert {total for total, *_ in machine.rows(BATTLES, TOTALS)} == {0}
    change_faults(world, market_away=False, market_broken=True)
    request_prices(machine, days)
    until(lambda: machine.rows(KILLMAILS, REFUSED) >= [(1,)])
    wait_for_requests(machine)
    change_faults(world, market_broken=False, market_wrong_columns=True)
    request_prices(machine, days)
    until(lambda: machine.rows(KILLMAILS, REFUSED_AGAIN) >= [(1,)])
    wait_for_requests(machine)
    assert machine.rows(KILLMAILS, VALUED) == [(0,)]
    assert machine.rows(KILLMAILS, "SELECT count(*) FROM wanted_price_days") == waiting
    change_faults(world, market_wrong_columns=False, market_half=True)
    request_prices(machine, days)
    until(lambda: machine.rows(KILLMAILS, VALUED) == [(KILLMAIL_COUNT,)])
    until(lambda: all(row[2] == 0 for row in machine.rows(BATTLES, TOTALS)))
    assert machine.rows(KILLMAILS, "SELECT count(*) FROM wanted_price_days") == [(0,)]
    computed = computed_values(machine)
    assert_totals(machine, computed, computed)
    assert machine.dead_letters() == []


def zkb_comes_late(machine: Machine, feed: Feed) -> None:
    order, computed = random.Random(1), computed_values(machine)
    stated = order.sample(sorted(computed), KILLMAIL_COUNT // 2)
    file_of = {int(file["killmail_id"]): file for file in feed.files.values()}
    expected = dict(computed)
    for turn in range(2):  # the second one corrects a quarter
        for killmail_id in order.sample(stated, len(stated) // (turn + 1)):
            expected[killmail_id] = Decimal(1_000_000 + turn * 1000 + killmail_id % 1000)
            zkb = file_of[killmail_id]["zkb"] | {"totalValue": float(expected[killmail_id])}
            feed.add(file_of[killmail_id] | {"zkb": zkb})
        until(lambda: {row[0]: row[2] for row in machine.rows(KILLMAILS, SHOWN)} == expected)
    unstated = {killmail_id: cents for killmail_id, cents in computed.items() if killmail_id not in stated}
    in_battles = sum(sum(expected[i] for i in row[3]) for row in machine.rows(BATTLES, TOTALS))
    until(lambda: sum(row[0] for row in machine.rows(BATTLES, TOTALS)) == in_battles)
    assert_totals(machine, expected, unstated)
    shares = [battle["computedIsk"] for battle in _battles(machine)]
    assert any(0 < share["share"] < 1 for share in shares)
    assert machine.dead_letters() == []


def job_values_again(machine: Machine) -> None:
    """Nothing differs, so nothing changes: a job reads every killmail and publishes none."""
    before = machine.rows(KILLMAILS, SHOWN)
    node = state.read(machine.folder)
    assert node is not None
    api = FunctionApi("battle-api", node.gateway_url, api_token(machine.folder, node.access_mode))
    days = sorted(day.isoformat() for (day,) in machine.rows(KILLMAILS, DAYS))
    job = api.request("POST", "/api/admin/killmails/revaluations", {"firstDay": days[0], "lastDay": days[-1]})
    path = f"/api/admin/killmails/revaluations/jobs/{job['jobId']}"
    until(lambda: api.request("GET", path)["status"] == "completed")
    progress = api.request("GET", path)["progress"]
    assert (progress["percentage"], progress["killmails"], progress["changed"]) == (100.0, KILLMAIL_COUNT, 0)
    assert sorted(machine.rows(KILLMAILS, SHOWN)) == sorted(before)


def _battles(machine: Machine) -> list[dict[str, Any]]:
    response = httpx2.get(f"{machine.status()['gateway']}/api/battles?limit=100", timeout=30)
    return response.raise_for_status().json()["items"]
