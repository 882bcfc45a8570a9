"""When each killmail is due after the start of the feed: real gaps, shorter ones, rates, or all at once."""

from collections.abc import Callable, Sequence
from math import inf

from battlescope_upstream.killmail import Killmail


class InvalidSpeed(ValueError):
    """A speed is a factor, `max`, a rate such as `20/s`, or rates in turn such as `500/s:60,2000/s:20,500/s`.

    With 0 only the setting `head_start` releases killmails.
    """


def make_schedule(speed: str, killmails: Sequence[Killmail], head_start: int) -> Callable[[int], float]:
    """A function from a killmail's index to its due time in seconds; time runs from the end of the head start.

    Raises:
        InvalidSpeed: the speed cannot be parsed.
    """
    if speed == "max":
        return lambda _: 0.0
    if "/s:" in speed:
        return _staged([_parse_stage(stage) for stage in speed.split(",")], head_start)
    factor = _parse_factor(speed.removesuffix("/s"))
    if factor == 0:
        return lambda _: inf
    if speed.endswith("/s"):
        return lambda index: max(0, index - head_start + 1) / factor
    origin = killmails[max(0, min(head_start, len(killmails)) - 1)].killed_at if killmails else 0
    return lambda index: max(0.0, (killmails[index].killed_at - origin) / factor)


def _staged(stages: Sequence[tuple[float, float]], head_start: int) -> Callable[[int], float]:
    """`stages`: killmails per second, and for how many seconds; the last one lasts for ever."""

    def due(index: int) -> float:
        waiting, begins_at = max(0, index - head_start + 1), 0.0
        for rate, seconds in stages[:-1]:
            if waiting <= rate * seconds:
                return begins_at + waiting / rate
            waiting, begins_at = waiting - rate * seconds, begins_at + seconds
        return begins_at + waiting / stages[-1][0]

    return due


def _parse_stage(text: str) -> tuple[float, float]:
    rate, _, seconds = text.partition("/s")
    stage = _parse_factor(rate), _parse_factor(seconds.removeprefix(":") or "0")
    if stage[0] == 0:
        raise InvalidSpeed(f"The stage {text!r} of a speed needs a rate above 0.")
    return stage


def _parse_factor(text: str) -> float:
    try:
        number = float(text)
    except ValueError as error:
        raise InvalidSpeed(f"The speed {text!r} must be a number, `max` or a rate like 20/s.") from error
    if not 0 <= number < inf:
        raise InvalidSpeed(f"The speed {text!r} must be finite and not negative.")
    return number
