"""Type of the callback that a starting node calls after each phase."""

from collections.abc import Callable

ReportPhase = Callable[[str, float], None]
"""Takes the name of a completed phase, and the seconds since the node began to start."""
