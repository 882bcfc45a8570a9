"""A month of days is asked for at the pace that is set; what the source wishes holds for all, and after a restart."""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import pairwise

import httpx2
import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st
from verified_days import HASH, NOW, Rows

from ingest_verify.clients.day_listing import DayListingClient
from ingest_verify.clients.object_storage import ObjectStorage
from ingest_verify.domain import cooldown
from ingest_verify.domain.cooldown import CooldownState, next_cooldown
from ingest_verify.handlers.verification import Verifier
from ingest_verify.persistence.transaction import Store

DAYS = [date(2026, 10, 1) + timedelta(days=n) for n in range(31)]
STATES = "SELECT status, count(*) FROM verification_history GROUP BY status"


@dataclass
class Host:
    """The source on a socket: `status` is its answer to everything, until a test says otherwise."""

    url: str = ""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    asked: list[tuple[float, str]] = field(default_factory=list)

    async def answer(self, request: web.Request) -> web.Response:
        self.asked.append((time.monotonic(), request.path))
        listed = {f"{day:%Y%m%d}": 1 for day in DAYS} if "totals" in request.path else {"1": HASH}
        return web.json_response(listed if self.status == 200 else None, status=self.status, headers=self.headers)


@pytest.fixture
async def host() -> AsyncGenerator[Host]:
    host, app = Host(), web.Application()
    app.router.add_get("/history/{name}.json", host.answer)
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


Make = Callable[..., Verifier]


@pytest.fixture
async def make(store: Store, storage: ObjectStorage, rows: Rows, host: Host) -> AsyncGenerator[Make]:
    """Verifiers as a start of the process makes them."""
    rows.ids(1)
    async with httpx2.AsyncClient() as client:

        def made(clock: Clock, rate: float = 1e6) -> Verifier:
            return Verifier(store, DayListingClient(client, host.url, store, clock, rate=rate), storage, clock, enabled=False)

        yield made


@pytest.mark.postgres
async def test_a_month_is_asked_for_at_the_pace_that_is_set(make: Make, rows: Rows, host: Host) -> None:
    rate = 25.0
    verifier = make(Clock(), rate)
    await asyncio.gather(*(verifier.verify_day(day) for day in DAYS[:4]))  # as events come, several at a time
    for day in DAYS[4:]:
        rows.sql("INSERT INTO verification_history (verification_date, status) VALUES (%s, 'running')", day)
    await asyncio.sleep(3 / rate)  # a pause saves nothing up
    await verifier.verify_open_days()
    await verifier.verify_open_days()  # one tick works twenty days
    assert rows.sql(STATES) == [("completed", 31)]
    paths = [path for _, path in host.asked]
    assert sorted(path for path in paths if "totals" not in path) == [f"/history/{day:%Y%m%d}.json" for day in DAYS]
    assert paths.count("/history/totals.json") <= 4, "once, and by those that began before it was there"
    gaps = [later - earlier for (earlier, _), (later, _) in pairwise(host.asked)]
    assert sum(gaps) >= (len(gaps) - 1) / rate
    assert sorted(gaps)[len(gaps) // 10] >= 0.8 / rate, gaps


@pytest.mark.postgres
@pytest.mark.parametrize(
    ("refusal", "waits"),
    [((403, {}), (60, 120, 240)), ((429, {}), (10, 10, 10)), ((429, {"Retry-After": "90"}), (90, 90, 90)),
     ((429, {"Retry-After": "3"}), (10, 10, 10)), ((503, {}), (2, 4, 8))],
)  # fmt: skip
async def test_a_refusal_holds_for_all_days_and_after_a_restart(
    make: Make, rows: Rows, host: Host, refusal: tuple[int, dict[str, str]], waits: tuple[int, ...]
) -> None:
    host.status, host.headers = refusal
    clock = Clock()
    for times, wait in enumerate(waits, 1):
        for day in DAYS[:3]:
            await make(clock).verify_day(day)
        await make(clock).verify_open_days()
        clock.now += timedelta(seconds=wait - 1)
        await make(clock).verify_open_days()
        assert len(host.asked) == times, "everything else waits"
        clock.now += timedelta(seconds=1)
    assert rows.sql(STATES) == [("running", 3)]
    assert rows.sql("SELECT count(*) FROM verification_history WHERE error_message IS NULL") == [(0,)]
    host.status = 200
    await make(clock).verify_open_days()
    assert rows.sql(STATES) == [("completed", 3)]
    assert rows.sql("SELECT quiet_until, bans, failures FROM source_manners") == [(None, 0, 0)]


@pytest.mark.postgres
async def test_what_the_backfill_was_told_holds_here(make: Make, rows: Rows, host: Host) -> None:
    rows.sql("INSERT INTO source_manners (source, quiet_until, bans) VALUES ('r2z2', %s, 1)", NOW + timedelta(hours=1))
    await make(Clock()).verify_day(DAYS[0])
    assert host.asked == []
    assert rows.verification("2026-10-01")[6] == "The source is left alone until 2026-11-26 07:30:00 UTC."


@given(
    st.lists(st.tuples(st.sampled_from([403, 429, 500, None]), st.none() | st.floats(0, 1e7)), min_size=1, max_size=20)
)
def test_it_is_left_alone_long_enough_and_never_for_longer_than_an_hour(
    answers: list[tuple[int | None, float | None]],
) -> None:
    manners = CooldownState()
    for status, stated in answers:
        manners, before = next_cooldown(status, stated, manners, NOW), manners
        assert manners.quiet_until is not None
        wait = (manners.quiet_until - NOW).total_seconds()
        least = {403: cooldown.MIN_SECONDS_AFTER_403, 429: cooldown.MIN_SECONDS_AFTER_429}.get(status or 0, 2.0)
        assert max(least, min(stated or 0.0, 3600) if status in {403, 429} else 0) <= wait <= 3600
        assert (manners.bans, manners.failures) == (before.bans + (status == 403), before.failures + (status != 403))
