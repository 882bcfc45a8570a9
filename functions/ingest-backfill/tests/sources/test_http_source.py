"""An interrupted download is resumed where it stopped, and never combines two different contents."""

import io
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import httpx2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from interrupted_source import NO_CUT, InterruptedSource, serving

from ingest_backfill.domain.cooldown import CooldownState
from ingest_backfill.errors import SourceCoolingDown
from ingest_backfill.sources.http_source import HttpSource

BODY = bytes(range(256)) * 64


class CooldownStore:
    """Replaces the store: keeps the cooldown in memory."""

    def __init__(self) -> None:
        self.saved = CooldownState()

    async def cooldown(self, _: str) -> CooldownState:
        return self.saved

    async def save_cooldown(self, _: str, cooldown: CooldownState, __: str | None) -> None:
        self.saved = cooldown


async def fetch(interrupted: InterruptedSource, store: Any = None) -> bytes:
    into = io.BytesIO(b"content of an earlier day")
    async with serving(interrupted) as url, httpx2.AsyncClient() as client:
        source = HttpSource(
            "everef", client, store or CooldownStore(), rate=1e6, now=lambda: datetime(2026, 1, 1, tzinfo=UTC)
        )
        assert await source.fetch(f"{url}/day.tar.bz2", into) == 200
    return into.read()


@pytest.fixture(autouse=True)
def no_retry_delay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ingest_backfill.sources.http_source.RETRY_SECONDS", 0.0)


async def test_interrupted_download_resumes_at_the_next_byte() -> None:
    interrupted = InterruptedSource([BODY], [5_000] * 3 + [NO_CUT])
    assert await fetch(interrupted) == BODY
    ranges = [request.get("range") for request in interrupted.requests]
    assert ranges == [None, "bytes=5000-", "bytes=10000-", "bytes=15000-"]
    assert all("if-range" in request for request in interrupted.requests[1:]), "only if the content is unchanged"
    assert interrupted.bytes_sent == len(BODY), "no byte is sent twice"


async def test_interruptions_do_not_fail_while_each_request_adds_bytes() -> None:
    assert await fetch(InterruptedSource([BODY], [1_000])) == BODY


@pytest.mark.parametrize("flaw", [{"supports_ranges": False}, {"weak_etags": True}, {"misplaced": True}])
async def test_download_restarts_without_usable_parts(flaw: dict[str, bool]) -> None:
    interrupted = InterruptedSource([BODY], [5_000, NO_CUT], **flaw)
    assert await fetch(interrupted) == BODY
    assert "range" not in interrupted.requests[-1]
    assert interrupted.bytes_sent > len(BODY)


async def test_changed_content_is_downloaded_from_its_start() -> None:
    assert await fetch(InterruptedSource([BODY, BODY[::-1]], [5_000, NO_CUT])) == BODY[::-1]


async def test_source_without_further_bytes_cools_down() -> None:
    interrupted, store = InterruptedSource([BODY], [5_000, 0]), CooldownStore()
    with pytest.raises(SourceCoolingDown, match="does not respond"):
        await fetch(interrupted, store)
    assert store.saved.failures == 1
    assert len(interrupted.requests) == 4, "one that added bytes and three that did not"


BODIES = st.lists(st.binary(max_size=60), min_size=1, max_size=3)
CUTS = st.lists(st.integers(0, 70), max_size=5)


@settings(max_examples=60, deadline=None)
@given(BODIES, CUTS, st.booleans(), st.booleans(), st.booleans())
async def test_download_is_always_one_of_the_contents(
    bodies: list[bytes], cuts: list[int], supports_ranges: bool, weak_etags: bool, misplaced: bool  # noqa: FBT001
) -> None:  # fmt: skip
    interrupted = InterruptedSource(bodies, [*cuts, NO_CUT], supports_ranges, weak_etags, misplaced)
    try:
        content = await fetch(interrupted)
    except SourceCoolingDown:
        assert len(cuts) >= 3, "no try fails without a cut"
    else:
        assert content in bodies[: len(interrupted.requests)]


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
