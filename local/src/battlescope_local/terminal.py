"""What commands show: progress, tables of battles and status; plain lines where nobody watches."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from rich.console import Console
from rich.table import Table

MEGABYTE: Final = 1_048_576
BILLION: Final = 1e9


def progress(console: Console) -> "Progress":
    return Progress(console)


class Progress:
    """One line a phase."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def __call__(self, phase: str, seconds: float) -> None:
        self._console.print(f"  [green]✓[/] {phase} [dim]{seconds:.1f} s[/]", highlight=False)


def battles_table(battles: Sequence[Mapping[str, Any]], url: str) -> Table:
    table = Table(title=f"Battles at {url}/api/battles", title_justify="left", expand=False)
    for name in ("Began (EVE)", "System", "Kills", "Pilots", "ISK", "Status"):
        table.add_column(name, justify="right" if name in {"Kills", "Pilots", "ISK"} else "left")
    for battle in battles:
        table.add_row(*battle_cells(battle))
    return table


def battle_cells(battle: Mapping[str, Any]) -> tuple[str, ...]:
    system = battle.get("systemName") or battle.get("systemId") or "?"
    kills = battle.get("totalKills", "?")
    pilots = battle.get("totalParticipants", "?")
    isk = float(battle.get("totalIskDestroyed") or 0) / BILLION
    began = str(battle.get("startTime", "?")).replace("T", " ")[:16]
    return began, str(system), str(kills), str(pilots), f"{isk:.2f} b", str(battle.get("status", ""))


def battle_line(battle: Mapping[str, Any]) -> str:
    began, system, kills, pilots, isk, status = battle_cells(battle)
    return f"battle {began} {system}: {kills} kills, {pilots} pilots, {isk} ISK {status}".rstrip()


def status_tables(told: Mapping[str, Any]) -> tuple[Table, ...]:
    stores = _table("Stores", "Store", "State", "Restarts", "Memory")
    for name, one in told["stores"].items():
        stores.add_row(name, one["state"], str(one["restarts"]), _megabytes(one["memory"]))
    services = _table("Functions", "Function", "Ready", "In flight", "Queued", "Memory")
    for one in told["services"]:
        ready = f"{one['ready']}/{one['instances']}"
        figures = (str(one["in_flight"]), str(one["queued"]), _megabytes(one["memory"]))
        services.add_row(one["name"], ready, *figures)
    triggers = _table("Triggers", "Trigger", "Delivered", "Retried", "Dead", "In flight", "Lag")
    for one in told["triggers"]:
        names = ("delivered", "retried", "dead_lettered", "in_flight", "lag")
        triggers.add_row(one["trigger"], *(str(one[name]) for name in names))
    return stores, services, triggers


def summary(told: Mapping[str, Any]) -> str:
    return f"{told['gateway']} · {_megabytes(told['memory'])} in all · data in {told['data']}"


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left")
    for column in columns:
        table.add_column(column, justify="left" if column in {"Store", "State", "Function", "Trigger"} else "right")
    return table


def _megabytes(count: int) -> str:
    return f"{count / MEGABYTE:.0f} MB"
