"""When each killmail is due after the start of the feed: real gaps, shorter ones, a constant rate, or all at once."""

from collections.abc import Callable, Sequence
from math import inf

from battlescope_upstream.killmail import Killmail


class InvalidSpeed(ValueError):  # noqa: N818  # the name states the problem
    """A speed is a factor, `max`, or a rate such as `20/s`; with 0 only the setting `head_start` releases killmails."""


def make_schedule(speed: str, killmails: Sequence[Killmail], head_start: int) -> Callable[[int], float]:
    """A function from a killmail's index to its due time in seconds; time runs from the end of the head start.

    Raises:
        InvalidSpeed: the speed cannot be parsed.
    """
    if speed == "max":
        return lambda _: 0.0
    factor = _parse_factor(speed.removesuffix("/s"))
    if factor == 0:
        return lambda _: inf
    if speed.endswith("/s"):
        return lambda index: max(0, index - head_start + 1) / factor
    origin = killmails[max(0, min(head_start, len(killmails)) - 1)].killed_at if killmails else 0
    return lambda index: max(0.0, (killmails[index].killed_at - origin) / factor)


def _parse_factor(text: str) -> float:
    try:
        number = float(text)
    except ValueError as error:
        raise InvalidSpeed(f"The speed {text!r} must be a number, `max` or a rate like 20/s.") from error
    if not 0 <= number < inf:
        raise InvalidSpeed(f"The speed {text!r} must be finite and not negative.")
    return number
