"""The configured rate holds for a month of days; a cooldown holds for all days and after a restart."""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass, field
from datetime import date, timedelta

import pytest
from aiohttp import web
from verified_days import HASH, NOW, Rows

from battlescope_events.object_storage.bucket import BucketClient
from battlescope_events.postgres.cooldowns import PostgresCooldowns
from battlescope_events.upstream.http import external_http
from battlescope_local.testing.upstreams import AdjustableClock, instant_client
from ingest_verify.clients.day_listing import UPSTREAM, DayListingClient, request_policy
from ingest_verify.handlers.verification import Verifier
from ingest_verify.persistence.unit_of_work import Database

DAYS = [date(2026, 10, 1) + timedelta(days=n) for n in range(31)]
STATES = "SELECT status, count(*) FROM verification_history GROUP BY status"


@dataclass
class Host:
    """The source on a socket; `status` and `headers` are its response to every request."""

    url: str = ""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    requests: list[tuple[float, str]] = field(default_factory=list)

    async def respond(self, request: web.Request) -> web.Response:
        self.requests.append((time.monotonic(), request.path))
        listed = {f"{day:%Y%m%d}": 1 for day in DAYS} if "totals" in request.path else {"1": HASH}
        return web.json_response(listed if self.status == 200 else None, status=self.status, headers=self.headers)


@pytest.fixture
async def host() -> AsyncGenerator[Host]:
    host, app = Host(), web.Application()
    app.router.add_get("/history/{name}.json", host.respond)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield host
    await runner.cleanup()


MakeVerifier = Callable[..., Verifier]


@pytest.fixture
async def make_verifier(store: Database, storage: BucketClient, rows: Rows, host: Host) -> AsyncGenerator[MakeVerifier]:
    """Creates verifiers as a start of the process does."""
    rows.ids(1)
    async with external_http("tests") as client:
        cooldowns = PostgresCooldowns(store)

        def verifier(clock: AdjustableClock, rate: float = 1e6) -> Verifier:
            upstream = instant_client(UPSTREAM, client, cooldowns=cooldowns, policy=request_policy(rate), now=clock)
            return Verifier(store, DayListingClient(upstream, host.url, clock), storage, clock, enabled=False)

        yield verifier


@pytest.mark.postgres
async def test_a_month_is_requested_at_the_configured_rate(make_verifier: MakeVerifier, rows: Rows, host: Host) -> None:
    rate = 25.0
    verifier = make_verifier(AdjustableClock(NOW), rate)
    first_phase = time.monotonic()
    await asyncio.gather(*(verifier.verify_day(day) for day in DAYS[:4]))  # events arrive several at a time
    for day in DAYS[4:]:
        rows.sql("INSERT INTO verification_history (verification_date, status) VALUES (%s, 'running')", day)
    requests_before = len(host.requests)
    await asyncio.sleep(3 / rate)  # a pause allows no burst
    second_phase = time.monotonic()
    await verifier.verify_open_days()
    await verifier.verify_open_days()  # one run verifies twenty days
    assert rows.sql(STATES) == [("completed", 31)]
    paths = [path for _, path in host.requests]
    assert sorted(path for path in paths if "totals" not in path) == [f"/history/{day:%Y%m%d}.json" for day in DAYS]
    assert paths.count("/history/totals.json") <= 4, "once, and by requests that started before the first response"
    times = [timestamp for timestamp, _ in host.requests]
    assert too_early(times[:requests_before], first_phase, rate) == []
    assert too_early(times[requests_before:], second_phase, rate) == []


def too_early(times: list[float], began: float, rate: float) -> list[int]:
    """Indexes of requests sent before their turn; a busy machine sends them later, never earlier."""
    clock = 0.002  # timers may fire early by the resolution of the clock
    return [turn for turn, timestamp in enumerate(times) if timestamp < began + turn / rate - clock]


@pytest.mark.postgres
@pytest.mark.parametrize(
    ("refusal", "waits"),
    [((403, {}), (60, 120, 240)), ((420, {}), (60, 60, 60)), ((429, {}), (10, 10, 10)),
     ((429, {"Retry-After": "90"}), (90, 90, 90)), ((429, {"Retry-After": "3"}), (10, 10, 10)),
     ((503, {}), (0.5, 1, 2))],
)  # fmt: skip
async def test_cooldown_holds_for_all_days_and_after_a_restart(
    make_verifier: MakeVerifier, rows: Rows, host: Host, refusal: tuple[int, dict[str, str]], waits: tuple[float, ...]
) -> None:
    host.status, host.headers = refusal
    clock = AdjustableClock(NOW)
    for times, wait in enumerate(waits, 1):
        for day in DAYS[:3]:
            await make_verifier(clock).verify_day(day)
        await make_verifier(clock).verify_open_days()
        clock.advance(wait - 0.001)
        await make_verifier(clock).verify_open_days()
        assert len(host.requests) == times, "all other requests wait"
        clock.advance(0.001)
    assert rows.sql(STATES) == [("running", 3)]
    assert rows.sql("SELECT count(*) FROM verification_history WHERE error_message IS NULL") == [(0,)]
    host.status = 200
    await make_verifier(clock).verify_open_days()
    assert rows.sql(STATES) == [("completed", 3)]
    assert rows.sql("SELECT quiet_until, bans, failures FROM upstream_cooldowns") == [(None, 0, 0)]


@pytest.mark.postgres
async def test_cooldown_of_ingest_backfill_holds_here(make_verifier: MakeVerifier, rows: Rows, host: Host) -> None:
    rows.sql(
        "INSERT INTO upstream_cooldowns (upstream, quiet_until, bans) VALUES ('r2z2', %s, 1)", NOW + timedelta(hours=1)
    )
    await make_verifier(AdjustableClock(NOW)).verify_day(DAYS[0])
    assert host.requests == []
    problem = rows.verification("2026-10-01")[6]
    assert problem == "r2z2 is cooling down. Next request not before 2026-11-26 07:30:00 UTC."
