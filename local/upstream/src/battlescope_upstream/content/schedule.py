"""When each mail is due after the opening: the real gaps, faster ones, a steady rate, or all at once."""

from collections.abc import Callable, Sequence
from math import inf

from battlescope_upstream.killmail import Mail


class BadSpeed(ValueError):  # noqa: N818  # an outcome, named as what it is
    """A speed is a factor, `max`, or a rate such as `20/s`; 0 waits for the dial `head_start`."""


def pace(speed: str, mails: Sequence[Mail], head_start: int) -> Callable[[int], float]:
    """Seconds after the opening at which the mail of an index is due; time runs from the end of the head start.

    Raises:
        BadSpeed: the speed cannot be read.
    """
    if speed == "max":
        return lambda _: 0.0
    factor = _number(speed.removesuffix("/s"))
    if factor == 0:
        return lambda _: inf
    if speed.endswith("/s"):
        return lambda index: max(0, index - head_start + 1) / factor
    origin = mails[max(0, min(head_start, len(mails)) - 1)].at if mails else 0
    return lambda index: max(0.0, (mails[index].at - origin) / factor)


def _number(text: str) -> float:
    try:
        number = float(text)
    except ValueError as error:
        raise BadSpeed(f"The speed {text!r} is no number, no `max` and no rate like 20/s.") from error
    if not 0 <= number < inf:
        raise BadSpeed(f"The speed {text!r} is not a finite number from 0 up.")
    return number
