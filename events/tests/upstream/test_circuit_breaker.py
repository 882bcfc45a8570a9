"""The states of the circuit breaker, by cases and by random steps."""

from hypothesis import given
from hypothesis import strategies as st

from battlescope_events.upstream.circuit_breaker import FAILURES_TO_OPEN, OPEN_SECONDS, CircuitBreaker


def opened() -> CircuitBreaker:
    breaker = CircuitBreaker()
    for _ in range(FAILURES_TO_OPEN):
        assert breaker.allows_request(0)
        breaker.record_failure(0)
    return breaker


def test_opens_after_five_failures_in_a_row() -> None:
    assert not opened().allows_request(OPEN_SECONDS - 0.001)


def test_success_between_failures_keeps_it_closed() -> None:
    breaker = CircuitBreaker()
    for _ in range(3 * FAILURES_TO_OPEN):
        breaker.record_failure(0)
        breaker.record_success()
    assert breaker.allows_request(0)


def test_half_open_allows_one_request_at_a_time() -> None:
    breaker = opened()
    assert [breaker.allows_request(OPEN_SECONDS), breaker.allows_request(OPEN_SECONDS)] == [True, False]


def test_two_successes_close_it() -> None:
    breaker = opened()
    assert breaker.allows_request(OPEN_SECONDS)
    breaker.record_success()
    assert breaker.opened_at is not None
    assert breaker.allows_request(OPEN_SECONDS)
    breaker.record_success()
    assert breaker.opened_at is None


def test_failed_probe_opens_it_for_the_full_time_again() -> None:
    breaker = opened()
    assert breaker.allows_request(OPEN_SECONDS)
    breaker.record_failure(OPEN_SECONDS)
    assert not breaker.allows_request(2 * OPEN_SECONDS - 0.001)
    assert breaker.allows_request(2 * OPEN_SECONDS)


@given(st.lists(st.tuples(st.floats(0, 20), st.booleans()), max_size=60))
def test_never_stays_open_for_ever(steps: list[tuple[float, bool]]) -> None:
    breaker, now = CircuitBreaker(), 0.0
    for wait, succeeds in steps:
        now += wait
        if breaker.allows_request(now):
            breaker.record_success() if succeeds else breaker.record_failure(now)
    assert breaker.allows_request(now + OPEN_SECONDS + 0.001)


def test_cancelled_probe_leaves_the_next_request_to_probe() -> None:
    breaker = opened()
    assert breaker.allows_request(OPEN_SECONDS)
    breaker.end_request()
    assert breaker.allows_request(OPEN_SECONDS)


def test_seconds_until_the_next_probe() -> None:
    assert CircuitBreaker().seconds_open(5) == 0
    assert opened().seconds_open(10) == OPEN_SECONDS - 10
    assert opened().seconds_open(OPEN_SECONDS + 1) == 0
