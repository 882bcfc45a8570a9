"""The cooldown after each kind of refusal and failure, for any number of them."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from battlescope_events.upstream import cooldown
from battlescope_events.upstream.cooldown import NO_COOLDOWN, CooldownState, later, next_cooldown, stated_wait

NOW = datetime(2026, 10, 1, tzinfo=UTC)
MAX_WAIT = cooldown.MAX_SECONDS * 1.5  # with the longest jitter

statuses = st.sampled_from([403, 420, 429, 500, 503, None])
stated = st.none() | st.floats(0, 1e9)
jitters = st.floats(0, 1)
counts = st.integers(0, 10**9)
states = st.builds(
    CooldownState, st.none() | st.integers(-7200, 7200).map(lambda s: NOW + timedelta(seconds=s)), counts, counts
)


def wait(state: CooldownState) -> float:
    assert state.quiet_until is not None
    return (state.quiet_until - NOW).total_seconds()


@pytest.mark.parametrize(
    ("status", "stated_seconds", "state", "seconds"),
    [
        (429, None, NO_COOLDOWN, 10),
        (429, 3, NO_COOLDOWN, 10),
        (429, 120, NO_COOLDOWN, 120),
        (429, 1e6, NO_COOLDOWN, 3600),
        (429, None, CooldownState(failures=5), 32),
        (420, 33, NO_COOLDOWN, 33),
        (420, 0, NO_COOLDOWN, 1),
        (420, None, NO_COOLDOWN, 60),
        (403, None, NO_COOLDOWN, 60),
        (403, 90, NO_COOLDOWN, 90),
        (403, None, CooldownState(bans=2), 240),
        (403, None, CooldownState(bans=2_000), 3600),
        (503, None, NO_COOLDOWN, 0.5),
        (503, 20, NO_COOLDOWN, 20),
        (None, None, CooldownState(failures=3), 4),
        (503, None, CooldownState(failures=2_000), 30),
    ],
)
def test_wait_without_jitter(
    status: int | None, stated_seconds: float | None, state: CooldownState, seconds: float
) -> None:
    following = next_cooldown(state, status, stated_seconds, NOW, 0.0)
    assert wait(following) == seconds
    assert (following.bans > state.bans) == (status == 403)
    assert (following.failures > state.failures) == (status != 403)


@given(states, statuses, stated, jitters)
def test_wait_is_bounded_and_never_shorter_than_stated(
    state: CooldownState, status: int | None, stated_seconds: float | None, jitter: float
) -> None:
    seconds = wait(next_cooldown(state, status, stated_seconds, NOW, jitter))
    assert 0.5 <= seconds <= MAX_WAIT
    assert seconds >= min(stated_seconds or 0.0, cooldown.MAX_SECONDS) - 1e-6


@given(states, statuses, stated, jitters)
def test_wait_never_shrinks_while_refusals_go_on(
    state: CooldownState, status: int | None, stated_seconds: float | None, jitter: float
) -> None:
    first = next_cooldown(state, status, stated_seconds, NOW, jitter)
    assert wait(next_cooldown(first, status, stated_seconds, NOW, jitter)) >= wait(first)


@pytest.mark.parametrize("status", [403, 420, 429, 503, None])
@pytest.mark.parametrize("times", [1, 5, 2_000])
def test_any_number_of_refusals_in_a_row_is_bounded(status: int | None, times: int) -> None:
    state = NO_COOLDOWN
    for _ in range(times):
        state = next_cooldown(state, status, None, NOW, 0.99)
    assert wait(state) <= MAX_WAIT
    assert state.bans + state.failures == times


def test_bans_double_from_a_minute_to_an_hour() -> None:
    state, waits = NO_COOLDOWN, list[float]()
    for _ in range(8):
        state = next_cooldown(state, 403, None, NOW, 0.0)
        waits.append(wait(state))
    assert waits == [60, 120, 240, 480, 960, 1920, 3600, 3600]


@given(states, states, states)
def test_later_is_a_join(one: CooldownState, other: CooldownState, third: CooldownState) -> None:
    assert later(one, other) == later(other, one)
    assert later(one, later(other, third)) == later(later(one, other), third)
    assert later(one, one) == one
    assert later(one, NO_COOLDOWN) == one


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "17"}, 17),
        ({"retry-after": "1.5"}, 1.5),
        ({"retry-after": "-4"}, 0),
        ({"retry-after": "Thu, 01 Oct 2026 00:00:30 GMT"}, 30),
        ({"retry-after": "Thu, 01 Oct 2026 00:00:30 -0000"}, 30),
        ({"retry-after": "Wed, 30 Sep 2026 00:00:00 GMT"}, 0),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "Sun, 06 Nov 99999999999 08:49:37 GMT"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "soon", "x-esi-error-limit-reset": "9"}, 9),
        ({"x-esi-error-limit-reset": "44"}, 44),
        ({"retry-after": "5", "x-esi-error-limit-reset": "44"}, 5),
    ],
)
def test_stated_wait_is_read_from_seconds_dates_and_the_error_limit(
    headers: dict[str, str], seconds: float | None
) -> None:
    assert stated_wait(headers, NOW) == seconds


@given(st.integers(0, 10**6))
def test_seconds_and_date_of_the_same_time_are_equal(seconds: int) -> None:
    date = format_datetime(NOW + timedelta(seconds=seconds), usegmt=True)
    assert stated_wait({"retry-after": date}, NOW) == stated_wait({"retry-after": str(seconds)}, NOW)


@given(st.text())
def test_any_header_is_read_without_an_error(value: str) -> None:
    seconds = stated_wait({"retry-after": value}, NOW)
    next_cooldown(NO_COOLDOWN, 429, seconds, NOW, 0.5)
