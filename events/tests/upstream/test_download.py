"""An interrupted download is resumed where it stopped, and never combines two different contents."""

import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from interrupted_source import NO_CUT, InterruptedSource, serving

from battlescope_events.upstream.client import RequestPolicy, UpstreamClient
from battlescope_events.upstream.errors import UpstreamCoolingDown
from battlescope_events.upstream.http import external_http
from battlescope_local.testing.upstreams import AdjustableClock, MemoryCooldowns

BODY = bytes(range(256)) * 64


async def fetch(interrupted: InterruptedSource, cooldowns: MemoryCooldowns | None = None) -> bytes:
    async def no_sleep(_: float) -> None:
        pass

    into = io.BytesIO(b"content of an earlier download")
    async with serving(interrupted) as url, external_http("tests") as http:
        client = UpstreamClient(
            "everef", http, cooldowns or MemoryCooldowns(), RequestPolicy(tries=3),
            now=AdjustableClock(), jitter=lambda: 0.0, sleep=no_sleep,
        )  # fmt: skip
        assert await client.download(f"{url}/day.tar.bz2", into) == 200
    return into.read()


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


async def test_response_that_breaks_after_its_last_byte_is_downloaded_again() -> None:
    interrupted = InterruptedSource([BODY], [NO_CUT], overstated=True)
    assert await fetch(interrupted) == BODY
    assert [request.get("range") for request in interrupted.requests] == [None, f"bytes={len(BODY)}-", None]


async def test_source_without_further_bytes_cools_down() -> None:
    interrupted, cooldowns = InterruptedSource([BODY], [5_000, 0]), MemoryCooldowns()
    with pytest.raises(UpstreamCoolingDown, match="does not respond"):
        await fetch(interrupted, cooldowns)
    assert cooldowns.states["everef"].failures == 1
    assert len(interrupted.requests) == 4, "one that added bytes and three that did not"


BODIES = st.lists(st.binary(max_size=60), min_size=1, max_size=3)
CUTS = st.lists(st.integers(0, 70), max_size=5)


@settings(max_examples=60, deadline=None)
@given(BODIES, CUTS, st.booleans(), st.booleans(), st.booleans())
async def test_download_is_always_one_of_the_contents(
    bodies: list[bytes], cuts: list[int], supports_ranges: bool, weak_etags: bool, misplaced: bool
) -> None:  # fmt: skip
    interrupted = InterruptedSource(bodies, [*cuts, NO_CUT], supports_ranges, weak_etags, misplaced)
    try:
        content = await fetch(interrupted)
    except UpstreamCoolingDown:
        assert len(cuts) >= 3, "no try fails without a cut"
    else:
        assert content in bodies[: len(interrupted.requests)]
