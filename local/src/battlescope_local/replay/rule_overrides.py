"""Changes of detection rules from the command line: `--set window=2400`."""

import math
from collections.abc import Iterable
from dataclasses import fields, replace
from typing import Final

from battle_cluster.detection.rules import DEFAULT_RULES, DetectionRules
from battlescope_local.errors import UserError

IS_INTEGER: Final = {
    field.name: isinstance(getattr(DEFAULT_RULES, field.name), int) for field in fields(DetectionRules)
}
ISK_RULES: Final = frozenset({"battle_isk"})  # every other rule that is not an integer is a share
MAX_DIGITS: Final = 12


def rules_with_overrides(assignments: Iterable[str]) -> DetectionRules:
    """The default rules with `assignments` applied; of two assignments of one rule the last applies."""
    values = dict(map(_parse_assignment, assignments))
    return replace(DEFAULT_RULES, **values)


def _parse_assignment(text: str) -> tuple[str, float]:
    name, equals, value = (part.strip() for part in text.partition("="))
    if not equals:
        raise UserError(f"--set takes NAME=VALUE, but {text!r} has no value.")
    if name not in IS_INTEGER:
        raise UserError(f"There is no rule {name!r}; the rules are {', '.join(sorted(IS_INTEGER))}.")
    return name, _parse_integer(name, value) if IS_INTEGER[name] else _parse_number(name, value)


def _parse_integer(name: str, text: str) -> int:
    """An integer from 1: gaps, pauses and counts of 0 make no sense, because rules divide by them."""
    if not (text.isascii() and text.isdigit() and len(text) <= MAX_DIGITS and int(text) > 0):
        raise UserError(f"The rule {name} must be a whole number from 1, not {text!r}.")
    return int(text)


def _parse_number(name: str, text: str) -> float:
    max_value = math.inf if name in ISK_RULES else 1.0
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not (0 <= value <= max_value and math.isfinite(value)):
        expected = "a number from 0" if max_value > 1 else "a share from 0 to 1"
        raise UserError(f"The rule {name} must be {expected}, not {text!r}.")
    return value
