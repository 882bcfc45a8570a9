"""Retries with growing, jittered delays. Time and chance are arguments, so this module has no side effects."""

from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

T = TypeVar("T")
_MAX_DOUBLINGS: Final = 30  # more repetitions than any maximum needs; a float overflows at 1,024


def exponential(first: float, repetitions: int, maximum: float) -> float:
    """`first`, doubled `repetitions` times, `maximum` at most; any number of repetitions is valid."""
    return min(maximum, first * 2.0 ** min(repetitions, _MAX_DOUBLINGS))


async def retry(
    attempt: Callable[[], Awaitable[T]],
    *,
    on: type[Exception],
    tries: int,
    first_delay: float,
    max_delay: float,
    sleep: Callable[[float], Awaitable[object]],
    jitter: Callable[[], float],
) -> T:
    """The result of the first attempt that does not raise `on`; the last of `tries` attempts raises it.

    Delays are seconds, doubled each time; `jitter` gives numbers from 0 to 1 and shortens a delay by up to a half.
    """
    for repetition in range(tries - 1):
        try:
            return await attempt()
        except on:
            await sleep(exponential(first_delay, repetition, max_delay) * (0.5 + jitter() / 2))
    return await attempt()
