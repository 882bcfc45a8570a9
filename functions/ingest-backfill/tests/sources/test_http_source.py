"""A download that breaks off goes on where it broke, and is never put together of two different bodies."""

import io
import sys
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import httpx2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest_backfill.domain.cooldown import CooldownState
from ingest_backfill.domain.resumable_download import PartialDownload
from ingest_backfill.errors import SourceCoolingDown
from ingest_backfill.sources.http_source import HttpSource

sys.path.insert(0, str(Path(__file__).parent))
from breaking_off import WHOLE, Breaking, serving  # found by the line above

BODY = bytes(range(256)) * 64


class Memory:
    """In place of the store: what a source wished."""

    def __init__(self) -> None:
        self.manners_kept = CooldownState()

    async def manners(self, _: str) -> CooldownState:
        return self.manners_kept

    async def save_cooldown(self, _: str, manners: CooldownState, __: str | None) -> None:
        self.manners_kept = manners


async def fetched(breaking: Breaking, memory: Any = None) -> bytes:
    into = io.BytesIO(b"of an earlier day")
    async with serving(breaking) as url, httpx2.AsyncClient() as client:
        source = HttpSource(
            "everef", client, memory or Memory(), rate=1e6, now=lambda: datetime(2026, 1, 1, tzinfo=UTC)
        )
        assert await source.fetch(f"{url}/day.tar.bz2", into) == 200
    return into.read()


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ingest_backfill.sources.http_source.RETRY_SECONDS", 0.0)


async def test_what_broke_off_goes_on_from_the_byte_where_it_broke() -> None:
    breaking = Breaking([BODY], [5_000] * 3 + [WHOLE])
    assert await fetched(breaking) == BODY
    assert [asked.get("range") for asked in breaking.asked] == [None, "bytes=5000-", "bytes=10000-", "bytes=15000-"]
    assert all("if-range" in asked for asked in breaking.asked[1:]), "only if it is still the same"
    assert breaking.sent == len(BODY), "no byte came twice"


async def test_cuts_without_end_are_no_reason_to_give_up_as_long_as_it_comes_on() -> None:
    assert await fetched(Breaking([BODY], [1_000])) == BODY


@pytest.mark.parametrize("flaw", [{"ranges": False}, {"weak": True}, {"misplaced": True}])
async def test_without_parts_that_fit_it_begins_anew(flaw: dict[str, bool]) -> None:
    breaking = Breaking([BODY], [5_000, WHOLE], **flaw)
    assert await fetched(breaking) == BODY
    assert "range" not in breaking.asked[-1]
    assert breaking.sent > len(BODY)


async def test_what_changed_meanwhile_is_read_from_its_beginning() -> None:
    assert await fetched(Breaking([BODY, BODY[::-1]], [5_000, WHOLE])) == BODY[::-1]


async def test_a_source_that_brings_nothing_more_is_left_alone() -> None:
    breaking, memory = Breaking([BODY], [5_000, 0]), Memory()
    with pytest.raises(SourceCoolingDown, match="does not answer"):
        await fetched(breaking, memory)
    assert memory.manners_kept.failures == 1
    assert len(breaking.asked) == 4, "one that came on and three that did not"


BODIES = st.lists(st.binary(max_size=60), min_size=1, max_size=3)
CUTS = st.lists(st.integers(0, 70), max_size=5)


@settings(max_examples=60, deadline=None)
@given(BODIES, CUTS, st.booleans(), st.booleans(), st.booleans())
async def test_however_it_is_cut_and_changed_it_is_one_body(
    bodies: list[bytes], cuts: list[int], ranges: bool, weak: bool, misplaced: bool  # noqa: FBT001  # by place
) -> None:  # fmt: skip
    breaking = Breaking(bodies, [*cuts, WHOLE], ranges, weak, misplaced)
    try:
        found = await fetched(breaking)
    except SourceCoolingDown:
        assert len(cuts) >= 3, "no try fails without a cut"
    else:
        assert found in bodies[: len(breaking.asked)]


@pytest.mark.postgres
async def test_a_day_whose_archive_breaks_off_is_worked_at_the_first_attempt(
    make_system: Callable[..., Any],
) -> None:
    whole = await make_system(start=False)
    async with httpx2.AsyncClient(headers={"user-agent": "tests"}) as client:
        archive = await client.get(f"{whole.upstream}/everef/killmails/2026/killmails-2026-10-02.tar.bz2")
    breaking = Breaking([archive.content, archive.content, b"{}"], [len(archive.content) // 2, WHOLE])
    async with serving(breaking) as url:
        system = await make_system(EVEREF_URL=url)
        await system.order("one.json", {"version": 1, "dates": ["2026-10-02"], "requestedBy": "tests"})
        assert system.rows("SELECT day, status, total, attempts FROM historical_job_dates") == [
            (date(2026, 10, 2), "completed", 60, 1)
        ]
    assert [asked.get("range", "")[:6] for asked in breaking.asked] == ["", "bytes=", ""]


@pytest.mark.parametrize("headers", [
    {"content-range": "bytes 5-9/10", "etag": '"b"'}, {"content-range": "bytes 4-9/10"}, {},
    {"content-range": "bytes 5-9/10", "content-encoding": "gzip"},
])  # fmt: skip
def test_a_part_that_may_be_of_something_else_is_not_put_behind(headers: dict[str, str]) -> None:
    received = PartialDownload(5, '"a"')
    with pytest.raises(ValueError, match="another part"):
        received.accept_response(206, headers)
    assert not received.resume_headers, "the next answer has to be whole"
    assert PartialDownload(5, '"a"').accept_response(206, {"content-range": "bytes 5-9/10"})
