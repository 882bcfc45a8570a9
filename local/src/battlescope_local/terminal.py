"""Terminal output of the commands: progress, and tables of battles and status."""

import sys
from collections.abc import Mapping, Sequence
from typing import Any, Final

from rich.console import Console
from rich.table import Table

TABLE_WIDTH: Final = 78  # columns of the widest table
NARROW_BATTLE_COLUMNS: Final = 3
MEGABYTE: Final = 1_048_576
BILLION: Final = 1e9


def announce_stop() -> None:
    print("\nStopping; functions finish what they began.", file=sys.stderr, flush=True)


class PhasePrinter:
    """Prints one line per phase of a node's start."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._mark = "✓" if console.encoding.startswith("utf") else "*"

    def __call__(self, phase: str, seconds: float) -> None:
        self._console.print(f"  [green]{self._mark}[/] {phase} [dim]{seconds:.1f} s[/]", highlight=False)


def battles_table(battles: Sequence[Mapping[str, Any]], url: str, width: int = TABLE_WIDTH) -> Table:
    """The newest battles; in less than `TABLE_WIDTH` columns only when, where and how large they are."""
    table = Table(title=f"Battles at {url}/api/battles", title_justify="left", expand=False)
    if not battles:
        table.caption, table.caption_justify = "The first battle appears within seconds.", "left"
    names = ("Start (EVE)", "System", "Kills", "Pilots", "ISK", "Status")
    shown = len(names) if width >= TABLE_WIDTH else NARROW_BATTLE_COLUMNS
    for name in names[:shown]:
        table.add_column(name, justify="right" if name in {"Kills", "Pilots", "ISK"} else "left")
    for battle in battles:
        table.add_row(*battle_cells(battle)[:shown])
    return table


def battle_cells(battle: Mapping[str, Any]) -> tuple[str, ...]:
    system = battle.get("systemName") or battle.get("systemId") or "?"
    kills = battle.get("totalKills", "?")
    pilots = battle.get("totalParticipants", "?")
    isk = float(battle.get("totalIskDestroyed") or 0) / BILLION
    start = str(battle.get("startTime", "?")).replace("T", " ")[:16]
    return start, str(system), str(kills), str(pilots), f"{isk:.2f} b", str(battle.get("status", ""))


def battle_line(battle: Mapping[str, Any]) -> str:
    start, system, kills, pilots, isk, status = battle_cells(battle)
    return f"battle {start} {system}: {kills} kills, {pilots} pilots, {isk} ISK {status}".rstrip()


def status_tables(status: Mapping[str, Any]) -> tuple[Table, ...]:
    stores = _table("Stores", "Store", "State", "Restarts", "Memory")
    for name, store in status["stores"].items():
        stores.add_row(name, store["state"], str(store["restarts"]), _megabytes(store["memory"]))
    services = _table("Functions", "Function", "Ready", "In flight", "Queued", "Memory")
    for service in status["services"]:
        ready = f"{service['ready']}/{service['instances']}"
        cells = (str(service["in_flight"]), str(service["queued"]), _megabytes(service["memory"]))
        services.add_row(service["name"], ready, *cells)
    triggers = _table("Triggers", "Trigger", "Delivered", "Retried", "Dead", "In flight", "Lag")
    for trigger in status["triggers"]:
        names = ("delivered", "retried", "dead_lettered", "in_flight", "lag")
        triggers.add_row(trigger["trigger"], *(str(trigger[name]) for name in names))
    return stores, services, triggers


def status_lines(status: Mapping[str, Any]) -> tuple[str, ...]:
    """The content of the tables as lines of about 40 characters, for a terminal that is too narrow for columns."""
    stores = [
        f"{name}: {store['state']}, {store['restarts']} restarts, {_megabytes(store['memory'])}"
        for name, store in status["stores"].items()
    ]
    services = [
        f"{service['name']}: {service['ready']}/{service['instances']} ready, {_megabytes(service['memory'])}"
        + "".join(f", {service[name]} {name.replace('_', ' ')}" for name in ("in_flight", "queued") if service[name])
        for service in status["services"]
    ]
    triggers = [
        f"{trigger['trigger']}: {trigger['delivered']} delivered, {trigger['dead_lettered']} dead, lag {trigger['lag']}"
        for trigger in status["triggers"]
    ]
    return ("Stores", *stores, "", "Functions", *services, "", "Triggers", *triggers, "")


def summary(status: Mapping[str, Any]) -> str:
    return f"{status['gateway']}, {_megabytes(status['memory'])} in all, data in {status['data']}"


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left")
    for column in columns:
        table.add_column(column, justify="left" if column in {"Store", "State", "Function", "Trigger"} else "right")
    return table


def _megabytes(count: int) -> str:
    return f"{count / MEGABYTE:.0f} MB"
