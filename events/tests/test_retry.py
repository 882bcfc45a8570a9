import pytest
from hypothesis import given
from hypothesis import strategies as st

from battlescope_events.retry import exponential, retry


class _Failure(Exception):
    pass


async def _retry(failures: int, tries: int, jitter: float = 1.0) -> tuple[int, list[float]]:
    attempts, delays = 0, list[float]()

    async def attempt() -> int:
        nonlocal attempts
        attempts += 1
        if attempts <= failures:
            raise _Failure
        return attempts

    async def sleep(seconds: float) -> None:
        delays.append(seconds)

    result = await retry(
        attempt, on=_Failure, tries=tries, first_delay=1.0, max_delay=5.0, sleep=sleep, jitter=lambda: jitter
    )
    return result, delays


async def test_first_success_is_returned_without_a_delay() -> None:
    assert await _retry(0, 3) == (1, [])


async def test_delays_double_up_to_the_maximum() -> None:
    assert await _retry(5, 6) == (6, [1, 2, 4, 5, 5])


async def test_jitter_shortens_a_delay_by_up_to_a_half() -> None:
    assert await _retry(2, 3, jitter=0.0) == (3, [0.5, 1])


async def test_last_failure_is_raised() -> None:
    with pytest.raises(_Failure):
        await _retry(3, 3)


async def test_other_error_is_not_retried() -> None:
    async def attempt() -> None:
        raise ValueError("once")

    async def sleep(_: float) -> None:
        raise AssertionError("No delay before an error that is not retried.")

    with pytest.raises(ValueError, match="once"):
        await retry(attempt, on=_Failure, tries=3, first_delay=1, max_delay=1, sleep=sleep, jitter=float)


@given(st.floats(0, 1e6), st.integers(0, 10**12), st.floats(0, 1e6))
def test_any_number_of_repetitions_stays_below_the_maximum(first: float, repetitions: int, maximum: float) -> None:
    assert 0 <= exponential(first, repetitions, maximum) <= maximum
