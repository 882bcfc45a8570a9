"""The configured rate holds for a month of days; a cooldown holds for all days and after a restart."""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

import httpx2
import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st
from verified_days import HASH, NOW, Rows

from battlescope_events.object_storage.bucket import BucketClient
from ingest_verify.clients.day_listing import DayListingClient
from ingest_verify.domain import cooldown
from ingest_verify.domain.cooldown import CooldownState, next_cooldown
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


@dataclass
class Clock:
    now: datetime = NOW

    def __call__(self) -> datetime:
        return self.now


MakeVerifier = Callable[..., Verifier]


@pytest.fixture
async def make_verifier(store: Database, storage: BucketClient, rows: Rows, host: Host) -> AsyncGenerator[MakeVerifier]:
    """Creates verifiers as a start of the process does."""
    rows.ids(1)
    async with httpx2.AsyncClient() as client:

        def verifier(clock: Clock, rate: float = 1e6) -> Verifier:
            return Verifier(
                store, DayListingClient(client, host.url, store, clock, rate=rate), storage, clock, enabled=False
            )

        yield verifier


@pytest.mark.postgres
async def test_a_month_is_requested_at_the_configured_rate(make_verifier: MakeVerifier, rows: Rows, host: Host) -> None:
    rate = 25.0
    verifier = make_verifier(Clock(), rate)
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
    [((403, {}), (60, 120, 240)), ((429, {}), (10, 10, 10)), ((429, {"Retry-After": "90"}), (90, 90, 90)),
     ((429, {"Retry-After": "3"}), (10, 10, 10)), ((503, {}), (2, 4, 8))],
)  # fmt: skip
async def test_cooldown_holds_for_all_days_and_after_a_restart(
    make_verifier: MakeVerifier, rows: Rows, host: Host, refusal: tuple[int, dict[str, str]], waits: tuple[int, ...]
) -> None:
    host.status, host.headers = refusal
    clock = Clock()
    for times, wait in enumerate(waits, 1):
        for day in DAYS[:3]:
            await make_verifier(clock).verify_day(day)
        await make_verifier(clock).verify_open_days()
        clock.now += timedelta(seconds=wait - 1)
        await make_verifier(clock).verify_open_days()
        assert len(host.requests) == times, "all other requests wait"
        clock.now += timedelta(seconds=1)
    assert rows.sql(STATES) == [("running", 3)]
    assert rows.sql("SELECT count(*) FROM verification_history WHERE error_message IS NULL") == [(0,)]
    host.status = 200
    await make_verifier(clock).verify_open_days()
    assert rows.sql(STATES) == [("completed", 3)]
    assert rows.sql("SELECT quiet_until, bans, failures FROM source_manners") == [(None, 0, 0)]


@pytest.mark.postgres
async def test_cooldown_of_ingest_backfill_holds_here(make_verifier: MakeVerifier, rows: Rows, host: Host) -> None:
    rows.sql("INSERT INTO source_manners (source, quiet_until, bans) VALUES ('r2z2', %s, 1)", NOW + timedelta(hours=1))
    await make_verifier(Clock()).verify_day(DAYS[0])
    assert host.requests == []
    problem = rows.verification("2026-10-01")[6]
    assert problem == "The source is cooling down. Next request not before 2026-11-26 07:30:00 UTC."


@given(
    st.lists(st.tuples(st.sampled_from([403, 429, 500, None]), st.none() | st.floats(0, 1e7)), min_size=1, max_size=20)
)
def test_cooldown_is_long_enough_and_at_most_an_hour(
    refusals: list[tuple[int | None, float | None]],
) -> None:
    state = CooldownState()
    for status, stated in refusals:
        state, before = next_cooldown(status, stated, state, NOW), state
        assert state.quiet_until is not None
        wait = (state.quiet_until - NOW).total_seconds()
        minimum = {403: cooldown.MIN_SECONDS_AFTER_403, 429: cooldown.MIN_SECONDS_AFTER_429}.get(status or 0, 2.0)
        assert max(minimum, min(stated or 0.0, 3600) if status in {403, 429} else 0) <= wait <= 3600
        assert (state.bans, state.failures) == (before.bans + (status == 403), before.failures + (status != 403))
