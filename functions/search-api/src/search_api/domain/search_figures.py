"""How long searches take and how they end, by what was searched for and by the engine that answered."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from search_api.domain.engine_name import EngineName

MEASURED: Final = 1000
"""The latest searches of a kind, of which the quantiles are."""


class Operation(StrEnum):
    ENTITIES = "entities"
    SYSTEMS = "systems"
    SHIPS = "ships"
    GLOBAL = "global"
    BATTLES = "battles"
    KILLMAILS = "killmails"


class Outcome(StrEnum):
    """kept: the answer of an earlier search. empty: nothing was found. failed: no engine answered."""

    FOUND = "found"
    EMPTY = "empty"
    KEPT = "kept"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class OperationFigures:
    """counts: by outcome, of all searches since the start. Milliseconds: of the latest ones; None without one."""

    operation: Operation
    engine: EngineName
    counts: dict[Outcome, int]
    p50: float | None
    p95: float | None
    p99: float | None


@dataclass(slots=True)
class _Series:
    counts: dict[Outcome, int] = field(default_factory=lambda: dict.fromkeys(Outcome, 0))
    milliseconds: deque[float] = field(default_factory=lambda: deque(maxlen=MEASURED))


class SearchFigures:
    """Of one process, since its start."""

    def __init__(self) -> None:
        self._series: dict[tuple[Operation, EngineName], _Series] = {}

    def count(self, operation: Operation, engine: EngineName, outcome: Outcome, milliseconds: float) -> None:
        """Count a search; `engine` is the one that answered, or should have."""
        series = self._series.setdefault((operation, engine), _Series())
        series.counts[outcome] += 1
        if outcome is not Outcome.KEPT:
            series.milliseconds.append(milliseconds)

    def report(self) -> list[OperationFigures]:
        return [
            OperationFigures(operation, engine, dict(series.counts), *_quantiles(sorted(series.milliseconds)))
            for (operation, engine), series in sorted(self._series.items())
        ]


def _quantiles(ordered: Sequence[float]) -> tuple[float | None, float | None, float | None]:
    """The 50th, 95th and 99th percentile by the nearest rank."""
    if not ordered:
        return None, None, None
    p50, p95, p99 = (ordered[-(-len(ordered) * percent // 100) - 1] for percent in (50, 95, 99))
    return p50, p95, p99
