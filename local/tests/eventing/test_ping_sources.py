"""PingSources send timer events at the times of their schedule."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import NoReturn

import pytest
from aiohttp import web

from battlescope_local.eventing import ping_sources
from battlescope_local.eventing.sender import open_event_sender
from battlescope_local.manifests.model import Destination, Manifests, PingSource, ServiceRef

NOON = datetime(2026, 3, 28, 12, 0, 30, tzinfo=UTC)
EVERY_SECOND = PingSource("wake", "battlescope", "* * * * * *", ServiceRef("one"), "UTC", {"timer": "poll"})


def source(schedule: str, timezone: str = "UTC") -> PingSource:
    return PingSource("wake", "battlescope", schedule, ServiceRef("one"), timezone)


@pytest.mark.parametrize(
    ("schedule", "timezone", "expected"),
    [
        ("* * * * *", "UTC", datetime(2026, 3, 28, 12, 1, tzinfo=UTC)),
        ("*/10 * * * * *", "UTC", datetime(2026, 3, 28, 12, 0, 40, tzinfo=UTC)),
        ("15 30 * * * *", "UTC", datetime(2026, 3, 28, 12, 30, 15, tzinfo=UTC)),
        ("@hourly", "UTC", datetime(2026, 3, 28, 13, tzinfo=UTC)),
        ("0 4 * * *", "Europe/Berlin", datetime(2026, 3, 29, 2, tzinfo=UTC)),  # daylight saving time has begun
        ("0 14 * * *", "Europe/Berlin", datetime(2026, 3, 28, 13, tzinfo=UTC)),
    ],
)
def test_schedule_gives_the_next_time(schedule: str, timezone: str, expected: datetime) -> None:
    assert ping_sources.next_timer_time(source(schedule, timezone), NOON) == expected


def test_timer_event_equals_knatives() -> None:
    event = ping_sources.timer_event(EVERY_SECOND, NOON, "some-id")
    assert event.attributes == {
        "specversion": "1.0",
        "id": "some-id",
        "type": "dev.knative.sources.ping",
        "source": "/apis/v1/namespaces/battlescope/pingsources/wake",
        "time": "2026-03-28T12:00:30+00:00",
        "timer": "poll",
    }
    assert event.data == b""


@pytest.mark.parametrize(
    ("schedule", "frequent"),
    [
        ("*/10 * * * * *", True),
        ("0,30 * * * * *", True),
        ("0 * * * * *", False),
        ("* * * * *", False),
        ("0,10 0 * * * *", False),
        ("*/10 * * * *", False),
    ],
)
def test_schedule_with_several_times_per_minute_is_frequent(schedule: str, *, frequent: bool) -> None:
    assert ping_sources.is_frequent(source(schedule), NOON) == frequent


class NoLog:
    """A log that timer events for a Service must not use."""

    def __getattr__(self, name: str) -> NoReturn:
        raise AssertionError(name)


@asynccontextmanager
async def responding_service(
    statuses: list[int], ids: asyncio.Queue[str], requests: list[tuple[Mapping[str, str], bytes]] | None = None
) -> AsyncIterator[ping_sources.EventSender]:
    """A Service that responds with these statuses in order, and with the last one repeatedly."""

    async def receive(request: web.Request) -> web.Response:
        if requests is not None:
            requests.append((request.headers.copy(), await request.read()))
        ids.put_nowait(request.headers["ce-id"])
        return web.Response(status=statuses.pop(0) if len(statuses) > 1 else statuses[0], text="seen")

    app = web.Application()
    app.router.add_post("/", receive)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    port = runner.addresses[0][1]

    def resolve(_destination: Destination) -> str:
        return f"http://127.0.0.1:{port}/"

    try:
        async with open_event_sender(Manifests(), NoLog(), resolve) as sender:
            yield sender
    finally:
        await runner.cleanup()


async def test_timer_events_have_distinct_ids() -> None:
    ids = asyncio.Queue[str]()
    async with responding_service([200], ids) as sender:
        running = asyncio.create_task(ping_sources.run(EVERY_SECOND, sender, lambda: True, lambda: datetime.now(UTC)))
        async with asyncio.timeout(60):
            first, second = await ids.get(), await ids.get()
        running.cancel()
    assert first != second


async def test_frequent_timer_fires_at_once() -> None:
    ids = asyncio.Queue[str]()
    twice_a_minute = PingSource("wake", "battlescope", "0,31 * * * * *", ServiceRef("one"))
    async with responding_service([200], ids) as sender:
        running = asyncio.create_task(ping_sources.run(twice_a_minute, sender, lambda: True, lambda: NOON))
        async with asyncio.timeout(60):
            await ids.get()
        running.cancel()


async def test_suspended_timer_does_not_fire() -> None:
    ids, checks = asyncio.Queue[str](), asyncio.Queue[None]()

    def suspended() -> bool:
        checks.put_nowait(None)
        return False

    async with responding_service([200], ids) as sender:
        running = asyncio.create_task(ping_sources.run(EVERY_SECOND, sender, suspended, lambda: datetime.now(UTC)))
        async with asyncio.timeout(60):
            await checks.get()
            await checks.get()
        running.cancel()
    assert ids.empty()


@pytest.mark.parametrize(("statuses", "attempts"), [([503, 404, 204], 3), ([500], 6), ([422], 1), ([200], 1)])
async def test_timer_event_is_retried_at_most_five_times(statuses: list[int], attempts: int) -> None:
    ids = asyncio.Queue[str]()
    async with responding_service(statuses, ids) as sender:
        await ping_sources.send_with_retries(EVERY_SECOND, sender, ping_sources.timer_event(EVERY_SECOND, NOON, "one"))
    assert ids.qsize() == attempts


async def test_request_of_a_timer_event_has_no_body_and_no_content_type() -> None:
    """As Knative's; a function that expected JSON would pass here and fail in a cluster."""
    requests: list[tuple[Mapping[str, str], bytes]] = []
    async with responding_service([204], asyncio.Queue(), requests) as sender:
        await ping_sources.send_with_retries(EVERY_SECOND, sender, ping_sources.timer_event(EVERY_SECOND, NOON, "one"))
    [(headers, body)] = requests
    assert (body, headers["content-length"]) == (b"", "0")
    assert "content-type" not in headers
    assert headers["ce-timer"] == "poll"


async def test_sleep_follows_the_wall_clock() -> None:
    now = NOON

    def clock() -> datetime:
        nonlocal now
        now += timedelta(hours=1)  # the machine slept
        return now

    await ping_sources.sleep_until(NOON + timedelta(minutes=30), clock)
    assert now == NOON + timedelta(hours=1)
