"""The breaker's states, driven through time by hand and at random."""

from hypothesis import given
from hypothesis import strategies as st

from killmail_enrich.names.circuit_breaker import FAILURES_TO_OPEN, OPEN_SECONDS, CircuitBreaker


def opened() -> CircuitBreaker:
    breaker = CircuitBreaker()
    for _ in range(FAILURES_TO_OPEN):
        assert breaker.allows(0)
        breaker.failed(0)
    return breaker


def test_it_opens_after_five_failures_in_a_row() -> None:
    assert not opened().allows(OPEN_SECONDS - 0.001)


def test_a_success_between_keeps_it_closed() -> None:
    breaker = CircuitBreaker()
    for _ in range(3 * FAILURES_TO_OPEN):
        breaker.failed(0)
        breaker.succeeded()
    assert breaker.allows(0)


def test_half_open_lets_one_try_at_a_time() -> None:
    breaker = opened()
    assert [breaker.allows(OPEN_SECONDS), breaker.allows(OPEN_SECONDS)] == [True, False]


def test_two_successes_close_it() -> None:
    breaker = opened()
    assert breaker.allows(OPEN_SECONDS)
    breaker.succeeded()
    assert breaker.opened_at is not None
    assert breaker.allows(OPEN_SECONDS)
    breaker.succeeded()
    assert breaker.opened_at is None


def test_a_failed_try_opens_it_for_as_long_again() -> None:
    breaker = opened()
    assert breaker.allows(OPEN_SECONDS)
    breaker.failed(OPEN_SECONDS)
    assert not breaker.allows(2 * OPEN_SECONDS - 0.001)
    assert breaker.allows(2 * OPEN_SECONDS)


@given(st.lists(st.tuples(st.floats(0, 20), st.booleans()), max_size=60))
def test_it_never_stays_shut_for_ever(steps: list[tuple[float, bool]]) -> None:
    breaker, now = CircuitBreaker(), 0.0
    for wait, good in steps:
        now += wait
        if breaker.allows(now):
            breaker.succeeded() if good else breaker.failed(now)
    assert breaker.allows(now + OPEN_SECONDS + 0.001)
