"""An archive whose download is interrupted."""

from collections.abc import Callable
from datetime import date
from typing import Any

import httpx2
import pytest
from interrupted_source import NO_CUT, InterruptedSource, serving

from ingest_backfill.handlers.day_worker import MAX_MALFORMED


@pytest.mark.postgres
async def test_day_with_an_interrupted_archive_completes_at_the_first_attempt(
    make_system: Callable[..., Any],
) -> None:
    complete = await make_system(start=False)
    async with httpx2.AsyncClient(headers={"user-agent": "tests"}) as client:
        archive = await client.get(f"{complete.upstream}/everef/killmails/2026/killmails-2026-10-02.tar.bz2")
    cuts = [len(archive.content) // 2, NO_CUT]
    interrupted = InterruptedSource([archive.content, archive.content, b"{}"], cuts)
    async with serving(interrupted) as url:
        system = await make_system(EVEREF_URL=url)
        await system.order("one.json", {"version": 1, "dates": ["2026-10-02"], "requestedBy": "tests"})
        assert system.rows("SELECT day, status, total, attempts FROM historical_job_dates") == [
            (date(2026, 10, 2), "completed", 60, 1)
        ]
    assert [request.get("range", "")[:6] for request in interrupted.requests] == ["", "bytes=", ""]


@pytest.mark.postgres
@pytest.mark.parametrize("whole_comes", [True, False])
async def test_half_an_archive_is_asked_for_again_at_the_next_timer_events(
    make_system: Callable[..., Any], *, whole_comes: bool
) -> None:
    complete = await make_system(start=False)
    async with httpx2.AsyncClient(headers={"user-agent": "tests"}) as client:
        archive = await client.get(f"{complete.upstream}/everef/killmails/2026/killmails-2026-10-02.tar.bz2")
    half = archive.content[: len(archive.content) // 2]
    bodies = [half, b"{}", archive.content] if whole_comes else [half, b"{}", *[half] * (MAX_MALFORMED - 1)]
    source = InterruptedSource(bodies, [NO_CUT] * len(bodies))
    async with serving(source) as url:
        system = await make_system(EVEREF_URL=url)
        await system.order("one.json", {"version": 1, "dates": ["2026-10-02"], "requestedBy": "tests"})
        state = "SELECT status, attempts, error LIKE '%not a complete .tar.bz2%' FROM historical_job_dates"
        assert system.rows(state) == [("pending", 1, True)]
        for _ in range(MAX_MALFORMED):
            await system.send_timer_event()
        expected = ("completed", 2, None) if whole_comes else ("failed", MAX_MALFORMED, True)
        assert system.rows(state) == [expected]
