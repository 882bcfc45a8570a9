"""Phases of a node's start."""

from collections.abc import Callable

Report = Callable[[str, float], None]
