"""What a replay shows: how far it is, and what it came to."""

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
from battlescope_local.replay.group_batch import Battle
from battlescope_local.replay.output import Named

LARGEST: Final = 10
SIDES: Final = "Sides: largest party (alliance), +others"
MOST_SIDES: Final = 3
BILLION: Final = 1e9


@dataclass(slots=True)
class RunStatistics:
    """Figures of a run; `seconds` by stage in order, `processor` seconds of all workers by what they did."""

    read: int = 0
    bad: int = 0
    kept: int = 0
    seconds: dict[str, float] = field(default_factory=dict[str, float])
    processor: dict[str, float] = field(default_factory=dict[str, float])

    def work(self, name: str, seconds: float) -> None:
        self.processor[name] = self.processor.get(name, 0.0) + seconds


class Stage:
    """One bar on a terminal; elsewhere nothing until it is done."""

    def __init__(self, progress: Progress, name: str, total: int) -> None:
        self._progress = progress
        self._task = progress.add_task(name, total=total)

    def at(self, count: int) -> None:
        self._progress.update(self._task, completed=count)
        self._progress.refresh()


@contextmanager
def stage(console: Console, name: str, total: int, told: RunStatistics) -> Generator[Stage]:
    """No thread draws it: workers are forked meanwhile, and a fork among threads may take a held lock along."""
    began = perf_counter()
    columns = (TextColumn("{task.description:<6}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    bars = Progress(*columns, console=console, auto_refresh=False, transient=True, disable=not console.is_terminal)
    with bars:
        yield Stage(bars, name, total)
    told.seconds[name] = perf_counter() - began
    console.print(f"  [green]✓[/] {name} [dim]{told.seconds[name]:.1f} s[/]", highlight=False)


def show(console: Console, told: RunStatistics, battles: Sequence[Named], names: Mapping[int, str]) -> None:
    console.print(_summary(told, battles))
    if battles:
        console.print(_largest(battles, names))


def _summary(told: RunStatistics, battles: Sequence[Named]) -> Table:
    table = Table(show_header=False, title="Replay", title_justify="left")
    table.add_column()
    table.add_column(justify="right")
    inside = sum(one.battle.kills for one in battles)
    for name, count in (("Mails read", told.read), ("Bad lines", told.bad), ("Mails kept, each once", told.kept),
                        ("Mails in battles", inside), ("Battles", len(battles))):  # fmt: skip
        table.add_row(name, f"{count:,}")
    tiers = Counter(one.battle.tier for one in battles)
    for tier in reversed(Tier):
        if tiers[tier.value]:
            table.add_row(f"  {tier.value}", f"{tiers[tier.value]:,}")
    for name, seconds in told.seconds.items():
        table.add_row(f"Seconds to {name}", f"{seconds:.1f}")
    for name, seconds in told.processor.items():
        table.add_row(f"  CPU seconds {name}", f"{seconds:.1f}")
    return table


def _largest(battles: Sequence[Named], names: Mapping[int, str]) -> Table:
    table = Table(title="The largest battles", title_justify="left")
    for name in ("Began (EVE)", "System", "Kills", "Pilots", "ISK", SIDES):
        table.add_column(name, justify="right" if name in {"Kills", "Pilots", "ISK"} else "left")
    for _, battle in nsmallest(LARGEST, battles, key=lambda one: (-one.battle.kills, one.battle.start, one.battle_id)):
        table.add_row(*_cells(battle, names))
    return table


def _cells(battle: Battle, names: Mapping[int, str]) -> tuple[str, ...]:
    first = battle.system_ids[0]
    others = f" +{len(battle.system_ids) - 1}" if len(battle.system_ids) > 1 else ""
    return (
        began(battle),
        names.get(first, str(first)) + others,
        str(battle.kills),
        str(battle.pilots),
        isk(battle),
        _opposed(battle.sides),
    )


def _opposed(sides: Sequence[str]) -> str:
    """Most parties are alliances, so that word is left out; of many sides the largest."""
    shown = [side.removeprefix("alliance ") for side in sides[:MOST_SIDES]]
    more = f" and {len(sides) - MOST_SIDES} more" if len(sides) > MOST_SIDES else ""
    return " v ".join(shown) + more


def began(battle: Battle) -> str:
    return datetime.fromtimestamp(battle.start, UTC).strftime("%Y-%m-%d %H:%M")


def isk(battle: Battle) -> str:
    """Where some mails tell no value, the others' is the least it can be."""
    if battle.isk is None:
        return "unknown"
    return f"{'≥ ' if battle.unpriced else ''}{battle.isk / BILLION:.2f} b"
