"""Terminal output of a replay: progress bars, a summary and the largest battles."""

from collections import Counter
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from heapq import nsmallest
from time import perf_counter
from typing import Final

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from battle_cluster.detection.tiers import Tier
from battlescope_local.replay.group_batch import BattleRecord
from battlescope_local.replay.output import IdentifiedBattle
from battlescope_local.terminal import NARROW_BATTLE_COLUMNS, TABLE_WIDTH, PhasePrinter

LARGEST_BATTLES: Final = 10
SIDES_TITLE: Final = "Sides: largest party (alliance), +others"
MAX_SIDES: Final = 3
BILLION: Final = 1e9


@dataclass(slots=True)
class RunStatistics:
    """Statistics of a run; `seconds` by stage, `cpu_seconds` of all workers by task."""

    read: int = 0
    invalid: int = 0
    unique: int = 0
    seconds: dict[str, float] = field(default_factory=dict[str, float])
    cpu_seconds: dict[str, float] = field(default_factory=dict[str, float])

    def add_cpu_seconds(self, name: str, seconds: float) -> None:
        self.cpu_seconds[name] = self.cpu_seconds.get(name, 0.0) + seconds


class StageProgress:
    """Progress bar of one stage in a terminal; elsewhere nothing."""

    def __init__(self, progress: Progress, name: str, total: int) -> None:
        self._progress = progress
        self._task = progress.add_task(name, total=total)

    def update(self, count: int) -> None:
        self._progress.update(self._task, completed=count)
        self._progress.refresh()


@contextmanager
def track_stage(console: Console, name: str, total: int, statistics: RunStatistics) -> Generator[StageProgress]:
    """Show a stage's progress, then its duration.

    No thread draws the bar: workers are forked meanwhile, and a fork can copy a lock that a thread holds.
    """
    started = perf_counter()
    columns = (TextColumn("{task.description:<6}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    progress = Progress(*columns, console=console, auto_refresh=False, transient=True, disable=not console.is_terminal)
    with progress:
        yield StageProgress(progress, name, total)
    statistics.seconds[name] = perf_counter() - started
    PhasePrinter(console)(name, statistics.seconds[name])


def print_report(
    console: Console, statistics: RunStatistics, battles: Sequence[IdentifiedBattle], names: Mapping[int, str]
) -> None:
    console.print(_summary(statistics, battles))
    if battles:
        console.print(largest_battles(battles, names, console.width))


def _summary(statistics: RunStatistics, battles: Sequence[IdentifiedBattle]) -> Table:
    table = Table(show_header=False, title="Replay", title_justify="left")
    table.add_column()
    table.add_column(justify="right")
    for name, count in (
        ("Killmails read", statistics.read),
        ("Invalid lines", statistics.invalid),
        ("Killmails without duplicates", statistics.unique),
        ("Killmails in battles", sum(identified.battle.kills for identified in battles)),
        ("Battles", len(battles)),
    ):
        table.add_row(name, f"{count:,}")
    tiers = Counter(identified.battle.tier for identified in battles)
    for tier in reversed(Tier):
        if tiers[tier.value]:
            table.add_row(f"  {tier.value}", f"{tiers[tier.value]:,}")
    for name, seconds in statistics.seconds.items():
        table.add_row(f"Seconds to {name}", f"{seconds:.1f}")
    for name, seconds in statistics.cpu_seconds.items():
        table.add_row(f"  CPU seconds {name}", f"{seconds:.1f}")
    return table


def largest_battles(battles: Sequence[IdentifiedBattle], names: Mapping[int, str], width: int) -> Table:
    """In less than `TABLE_WIDTH` columns only when, where and how large they are."""
    table = Table(title="The largest battles", title_justify="left")
    columns = ("Start (EVE)", "System", "Kills", "Pilots", "ISK", SIDES_TITLE)
    shown = len(columns) if width >= TABLE_WIDTH else NARROW_BATTLE_COLUMNS
    for name in columns[:shown]:
        justify = "right" if name in {"Kills", "Pilots", "ISK"} else "left"
        table.add_column(name, justify=justify, no_wrap=name != SIDES_TITLE)
    for _, battle in nsmallest(
        LARGEST_BATTLES,
        battles,
        key=lambda identified: (-identified.battle.kills, identified.battle.start, identified.battle_id),
    ):
        table.add_row(*_cells(battle, names)[:shown])
    return table


def _cells(battle: BattleRecord, names: Mapping[int, str]) -> tuple[str, ...]:
    first = battle.system_ids[0]
    others = f" +{len(battle.system_ids) - 1}" if len(battle.system_ids) > 1 else ""
    return (
        start_time(battle),
        names.get(first, str(first)) + others,
        str(battle.kills),
        str(battle.pilots),
        isk_destroyed(battle),
        _opposing_sides(battle.sides),
    )


def _opposing_sides(sides: Sequence[str]) -> str:
    """The largest sides; the word alliance is omitted, because most parties are alliances."""
    shown = [side.removeprefix("alliance ") for side in sides[:MAX_SIDES]]
    more = f" and {len(sides) - MAX_SIDES} more" if len(sides) > MAX_SIDES else ""
    return " v ".join(shown) + more


def start_time(battle: BattleRecord) -> str:
    return datetime.fromtimestamp(battle.start, UTC).strftime("%Y-%m-%d %H:%M")


def isk_destroyed(battle: BattleRecord) -> str:
    """The sum of the known values, marked as a lower bound if a killmail has no value."""
    if battle.isk is None:
        return "unknown"
    return f"{'>= ' if battle.unpriced else ''}{battle.isk / BILLION:.2f} b"
