from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest_poll.feed_state import (
    HEAD_LAG,
    MAX_TRIES,
    FeedResponse,
    RequestFailed,
    FeedPosition,
    Forbidden,
    FileRead,
    Gap,
    Missing,
    PollingSchedule,
    Throttled,
    UnusableBody,
    prefetch_size,
    advance,
    should_request_head,
    with_head,
)

NOW = datetime(2026, 10, 3, 12, tzinfo=UTC)
PACE = PollingSchedule()
CURSOR = 96_000_000

answers: st.SearchStrategy[FeedResponse] = st.one_of(
    st.just(FileRead()),
    st.just(Missing()),
    st.builds(Throttled, st.none() | st.floats(0, 10_000)),
    st.just(Forbidden()),
    st.builds(RequestFailed, st.just("503")),
    st.builds(UnusableBody, st.just("HTML")),
)
chances = st.floats(0, 1, exclude_max=True)
positions = st.builds(
    FeedPosition,
    cursor=st.just(CURSOR),
    head=st.none() | st.integers(CURSOR - 100, CURSOR + 20_000),
    skip_at=st.none() | st.integers(-100, 100).map(lambda s: NOW + timedelta(seconds=s)),
    found_at=st.none() | st.integers(0, 200_000).map(lambda s: NOW - timedelta(seconds=s)),
    holes=st.integers(0, 40),
    tries=st.integers(0, MAX_TRIES - 1),
    failures=st.integers(0, 2_000),
    bans=st.integers(0, 2_000),
)


@given(positions, answers, chances)
def test_never_backwards_and_nothing_passed_over_unnoticed(
    position: FeedPosition, answer: FeedResponse, chance: float
) -> None:
    made = advance(position, answer, NOW, PACE, chance)
    moved = (made.position.cursor or 0) - CURSOR
    assert moved >= 0
    if isinstance(answer, FileRead):
        assert (moved, made.gap) == (1, None)
    else:
        passed = made.gap.last - made.gap.first + 1 if made.gap else 0
        assert moved == passed
        assert made.gap is None or made.gap.first == CURSOR


@given(positions, answers, chances)
def test_whoever_does_not_move_waits_but_never_above_an_hour_and_a_half(
    position: FeedPosition, answer: FeedResponse, chance: float
) -> None:
    made = advance(position, answer, NOW, PACE, chance).position
    if made.cursor == CURSOR:
        assert made.quiet_until is not None
        assert 0 <= made.wait_seconds(NOW) <= 5_400


@given(positions, chances)
def test_a_missing_file_is_never_asked_for_again_before_six_seconds(position: FeedPosition, chance: float) -> None:
    made = advance(position, Missing(), NOW, PACE, chance).position
    assert made.cursor != CURSOR or made.wait_seconds(NOW) == 6


@given(positions.filter(lambda p: p.head is None or p.head <= CURSOR), chances)
def test_at_the_head_nothing_is_ever_skipped(position: FeedPosition, chance: float) -> None:
    assert advance(position, Missing(), NOW, PACE, chance).position.cursor == CURSOR


@given(st.integers(1, HEAD_LAG), chances)
def test_a_hole_just_below_the_head_gets_twenty_to_sixty_seconds(distance: int, chance: float) -> None:
    position = FeedPosition(cursor=CURSOR, head=CURSOR + distance, found_at=NOW)
    now, asks = NOW, 0
    while (made := advance(position, Missing(), now, PACE, chance)).gap is None:
        position, asks = made.position, asks + 1
        now += timedelta(seconds=position.wait_seconds(now))
    assert 20 <= (now - NOW).total_seconds() <= 66  # the question after the patience
    assert made.gap == Gap(CURSOR, CURSOR, "hole")
    assert asks <= 10


def test_a_hole_far_below_the_head_is_skipped_at_once_and_alone() -> None:
    position = FeedPosition(cursor=CURSOR, head=CURSOR + HEAD_LAG + 1, found_at=NOW)
    made = advance(position, Missing(), NOW, PACE, 0.9)
    assert (made.position.cursor, made.gap) == (CURSOR + 1, Gap(CURSOR, CURSOR, "hole"))
    assert made.position.wait_seconds(NOW) == 0


def test_a_cursor_older_than_a_day_jumps_to_the_head_and_leaves_a_gap() -> None:
    position = FeedPosition(cursor=CURSOR, head=CURSOR + 15_000, found_at=NOW - timedelta(hours=25))
    made = advance(position, Missing(), NOW, PACE, 0.5)
    assert made.position.cursor == CURSOR + 15_000
    assert made.gap == Gap(CURSOR, CURSOR + 14_999, "expired")


def test_nothing_but_holes_far_below_the_head_is_an_old_cursor_too() -> None:
    position, gaps = FeedPosition(cursor=CURSOR, head=CURSOR + 15_000), list[Gap | None]()
    while position.cursor != CURSOR + 15_000:
        made = advance(position, Missing(), NOW, PACE, 0.5)
        position = made.position
        gaps.append(made.gap)
    assert len(gaps) == 26
    assert gaps[-1] == Gap(CURSOR + 25, CURSOR + 14_999, "expired")


@pytest.mark.parametrize(("asked", "least", "most"), [(None, 10, 15), (30.0, 30, 45)])
def test_throttled_waits_as_told_with_jitter(asked: float | None, least: float, most: float) -> None:
    waits = [advance(FeedPosition(CURSOR), Throttled(asked), NOW, PACE, c).position.wait_seconds(NOW) for c in (0, 0.5, 0.99)]
    assert waits == sorted(set(waits))
    assert least <= waits[0]
    assert waits[-1] < most


def test_bans_double_from_a_minute_to_an_hour() -> None:
    position, waits = FeedPosition(CURSOR), list[float]()
    for _ in range(8):
        position = advance(position, Forbidden(), NOW, PACE, 0.5).position
        waits.append(position.wait_seconds(NOW))
    assert waits == [60, 120, 240, 480, 960, 1920, 3600, 3600]


def test_failures_have_full_jitter_up_to_a_minute() -> None:
    position, waits = FeedPosition(CURSOR), list[float]()
    for _ in range(8):
        position = advance(position, RequestFailed("503"), NOW, PACE, 0.5).position
        waits.append(position.wait_seconds(NOW))
    assert waits == [0.5, 1, 2, 4, 8, 16, 30, 30]
    assert advance(position, RequestFailed("503"), NOW, PACE, 0.0).position.wait_seconds(NOW) == 0


def test_an_unusable_body_is_tried_again_and_at_last_given_up() -> None:
    position, answer = FeedPosition(CURSOR), UnusableBody("HTML", b"<html>")
    for _ in range(MAX_TRIES - 1):
        made = advance(position, answer, NOW, PACE, 0.5)
        assert made.position.cursor == CURSOR
        assert made.abandoned is None
        position = made.position
    made = advance(position, answer, NOW, PACE, 0.5)
    assert made.abandoned == answer
    assert made.gap == Gap(CURSOR, CURSOR, "unusable")
    assert made.position.cursor == CURSOR + 1


def test_a_404_ends_a_row_of_failures() -> None:
    position = FeedPosition(CURSOR, failures=4, bans=2)
    made = advance(position, Missing(), NOW, PACE, 0.5).position
    assert (made.failures, made.bans) == (0, 0)


def test_without_a_cursor_we_start_at_the_head() -> None:
    assert should_request_head(FeedPosition(), NOW, PACE)
    assert with_head(FeedPosition(), 77, NOW) == FeedPosition(cursor=77, head=77, head_asked_at=NOW)


def test_the_head_is_asked_for_when_reached_and_not_too_often() -> None:
    below = FeedPosition(CURSOR, head=CURSOR + 10, head_asked_at=NOW - timedelta(hours=1))
    assert not should_request_head(below, NOW, PACE)
    reached = replace(below, cursor=CURSOR + 10)
    assert should_request_head(reached, NOW, PACE)
    assert not should_request_head(replace(reached, head_asked_at=NOW - timedelta(seconds=29)), NOW, PACE)


@given(st.integers(-100, 100), st.integers(1, 16))
def test_only_what_the_head_promises_is_asked_for_ahead(distance: int, most: int) -> None:
    size = prefetch_size(FeedPosition(CURSOR, head=CURSOR + distance), most)
    assert 1 <= size <= most
    assert size == 1 or CURSOR + size - 1 <= CURSOR + distance
