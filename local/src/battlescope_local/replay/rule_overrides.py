"""Other rules to try, as the command line names them: `--set window=2400`."""

import math
from collections.abc import Iterable
from dataclasses import fields, replace
from typing import Final

from battle_cluster.detection.rules import DEFAULT_RULES, DetectionRules
from battlescope_local.errors import UserError

WHOLE: Final = {field.name: isinstance(getattr(DEFAULT_RULES, field.name), int) for field in fields(DetectionRules)}
ISK: Final = frozenset({"battle_isk"})  # every other number that is not whole is a share
MOST_DIGITS: Final = 12


def chosen_rules(choices: Iterable[str]) -> DetectionRules:
    """The usual rules but for what was chosen; of two choices for one name the last counts."""
    values = dict(map(_choice, choices))
    return replace(DEFAULT_RULES, **values)


def _choice(text: str) -> tuple[str, float]:
    name, equals, value = (part.strip() for part in text.partition("="))
    if not equals:
        raise UserError(f"--set takes NAME=VALUE, and {text!r} has no value.")
    if name not in WHOLE:
        raise UserError(f"There is no rule {name!r}; the rules are {', '.join(sorted(WHOLE))}.")
    return name, _whole(name, value) if WHOLE[name] else _real(name, value)


def _whole(name: str, text: str) -> int:
    """From 1 on: without any gap, pause or mail the rules that divide by them mean nothing."""
    if not (text.isascii() and text.isdigit() and len(text) <= MOST_DIGITS and int(text) > 0):
        raise UserError(f"The rule {name} is a whole number from 1 on, which {text!r} is not.")
    return int(text)


def _real(name: str, text: str) -> float:
    most = math.inf if name in ISK else 1.0
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not (0 <= value <= most and math.isfinite(value)):
        wanted = "a number from 0 on" if most > 1 else "a share from 0 to 1"
        raise UserError(f"The rule {name} is {wanted}, which {text!r} is not.")
    return value
