"""Which source is active: exact boundaries, and what no sequence of observations can bring about."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest_poll.feed.batch import FetchedFiles
from ingest_poll.feed.failover import (
    MAX_STEP_SECONDS,
    FailoverPolicy,
    FailoverState,
    Observation,
    Outcome,
    observe,
    observe_fetch,
)
from ingest_poll.feed.feed_file import FeedFile, parse_file
from ingest_poll.feed.feed_state import FeedPosition, Transition

NOW = datetime(2026, 10, 3, 12, tzinfo=UTC)
POLICY = FailoverPolicy(silence=300, errors=100, recovery=60)
KILLMAIL, NOTHING, UNUSABLE = (Observation(outcome, "status 503") for outcome in Outcome)
STANDBY = FailoverState(active="standby", since=NOW, reason="silent", observed_at=NOW)


def after(state: FailoverState, *steps: tuple[float, Observation], policy: FailoverPolicy = POLICY) -> FailoverState:
    """The state after observations, each so many seconds after the one before."""
    now = state.observed_at or NOW
    for seconds, observation in steps:
        now += timedelta(seconds=seconds)
        state = observe(state, observation, now, policy)
    return state


@pytest.mark.parametrize(
    ("observation", "seconds"), [(NOTHING, POLICY.silence), (UNUSABLE, POLICY.errors)], ids=["silent", "wrong"]
)
def test_standby_takes_over_exactly_when_the_time_is_over(observation: Observation, seconds: float) -> None:
    first, steps = (0, observation), int(seconds // 10) - 1
    before = after(FailoverState(), first, *[(10, observation)] * steps, (9.9, observation))
    assert before.active == "primary"
    switched = after(before, (0.1, observation))
    assert switched.active == "standby"
    assert switched.since == NOW + timedelta(seconds=seconds)
    assert switched.reason


def test_one_killmail_ends_silence_and_errors() -> None:
    failing = after(FailoverState(), (0, UNUSABLE), *[(10, UNUSABLE)] * 9, (1, KILLMAIL), *[(10, UNUSABLE)] * 9)
    assert failing.active == "primary"


def test_time_in_which_nothing_was_observed_does_not_count() -> None:
    """After a night in which the poller itself did not run, one missing file says nothing of the feed."""
    state = after(FailoverState(), (0, NOTHING), (10 * 3600, NOTHING))
    assert state.active == "primary"
    assert state.silent_seconds == MAX_STEP_SECONDS


def test_primary_takes_over_after_the_recovery_and_only_at_its_head() -> None:
    behind = replace(KILLMAIL, is_caught_up=False)
    state = after(STANDBY, (5, behind), *[(30, behind)] * 10)
    assert state.active == "standby"  # a backlog of hours is read while the standby gives the newest killmails
    assert after(state, (1, KILLMAIL)).active == "primary"
    assert after(STANDBY, (5, KILLMAIL), (59.9, NOTHING)).active == "standby"
    assert after(STANDBY, (5, KILLMAIL), (60, NOTHING)).active == "primary"


def test_silent_feed_does_not_take_over_and_a_failure_starts_the_recovery_again() -> None:
    assert after(STANDBY, *[(30, NOTHING)] * 100).active == "standby"
    assert after(STANDBY, (5, KILLMAIL), (50, NOTHING), (5, UNUSABLE), (50, KILLMAIL), (50, NOTHING)).active == (
        "standby"
    )


observations = st.sampled_from([KILLMAIL, NOTHING, UNUSABLE, replace(KILLMAIL, is_caught_up=False)])


@given(st.lists(st.tuples(st.floats(0, 200), observations), max_size=40), st.sampled_from([FailoverState(), STANDBY]))
def test_switches_need_their_observed_time(steps: list[tuple[float, Observation]], start: FailoverState) -> None:
    state, now, since_switch = start, start.observed_at or NOW, 0.0
    for seconds, observation in steps:
        now += timedelta(seconds=seconds)
        following = observe(state, observation, now, POLICY)
        since_switch += min(seconds, MAX_STEP_SECONDS)
        if following.active != state.active:
            least = POLICY.recovery if following.active == "primary" else min(POLICY.errors, POLICY.silence)
            assert since_switch >= least - 1e-3
            refuted_by = Outcome.UNUSABLE if following.active == "primary" else Outcome.KILLMAILS
            assert observation.outcome is not refuted_by
            since_switch = 0.0
        state = following


def test_clock_that_goes_back_counts_nothing() -> None:
    assert after(FailoverState(), (0, NOTHING), (-3600, NOTHING)).silent_seconds == 0


def fetched(*files: FeedFile, problem: str | None = None, head: int = 9) -> FetchedFiles:
    position = FeedPosition(cursor=9, head=head)
    return FetchedFiles(position, Transition(position), files, problem=problem)


def test_what_a_pass_shows(factory: Any) -> None:
    valid = parse_file(9, factory.file(9), NOW + timedelta(hours=1))
    assert isinstance(valid, FeedFile)
    refused, placeholder = FeedFile(9, b"{}", refusal="It is no killmail."), FeedFile(9, b"null")
    cases = [
        (fetched(valid, problem="then status 503"), Observation(Outcome.KILLMAILS)),
        (fetched(valid, refused, head=10), Observation(Outcome.KILLMAILS, is_caught_up=False)),
        (fetched(), Observation(Outcome.NOTHING_NEW)),
        (fetched(placeholder, refused), Observation(Outcome.NOTHING_NEW)),
        (fetched(refused, refused), Observation(Outcome.UNUSABLE, "It is no killmail.")),
        (fetched(problem="status 503"), Observation(Outcome.UNUSABLE, "status 503")),
    ]
    assert [observe_fetch(case) for case, _ in cases] == [expected for _, expected in cases]
