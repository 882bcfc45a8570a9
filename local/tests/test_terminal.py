"""Terminal output of the commands."""

import io
from typing import Any

import pytest
from rich.console import Console

from battlescope_local.terminal import (
    TABLE_WIDTH,
    PhasePrinter,
    battle_line,
    battles_table,
    status_lines,
    status_tables,
)

BATTLE = {
    "startTime": "2026-01-02T03:04:05Z", "systemName": "M-OEE8", "totalKills": 9, "totalParticipants": 30,
    "totalIskDestroyed": "2500000000.00", "status": "open",
}  # fmt: skip
LONGEST_FUNCTION, LONGEST_TRIGGER = "killmail-enrich", "killmail-enrich-retention"
STATUS: dict[str, Any] = {
    "stores": {"postgres": {"state": "restarting", "restarts": 3, "memory": 200 * 2**20}},
    "services": [
        {"name": LONGEST_FUNCTION, "ready": 1, "instances": 2, "in_flight": 3, "queued": 0, "memory": 68 * 2**20}
    ],
    "triggers": [
        {"trigger": LONGEST_TRIGGER, "delivered": 12345, "retried": 6, "dead_lettered": 7, "in_flight": 8, "lag": 910}
    ],
}


def console(width: int, encoding: str = "utf-8") -> tuple[Console, io.BytesIO]:
    output = io.BytesIO()
    stream = io.TextIOWrapper(output, encoding=encoding, write_through=True)
    return Console(file=stream, width=width, color_system=None), output


def test_battle_line() -> None:
    assert battle_line(BATTLE) == "battle 2026-01-02 03:04 M-OEE8: 9 kills, 30 pilots, 2.50 b ISK open"


@pytest.mark.parametrize("width", [TABLE_WIDTH, 80, 120])
def test_tables_of_the_status_cut_no_name(width: int) -> None:
    terminal, output = console(width)
    for table in status_tables(STATUS):
        terminal.print(table)
    text = output.getvalue().decode()
    assert LONGEST_FUNCTION in text
    assert LONGEST_TRIGGER in text
    assert "…" not in text
    assert all(len(line) <= width for line in text.splitlines())


def test_narrow_status_shows_every_name_and_number() -> None:
    terminal, output = console(40)
    for line in status_lines(STATUS):
        terminal.print(line, markup=False)
    lines = output.getvalue().decode().splitlines()
    assert all(len(line) <= 40 for line in lines)
    text = " ".join(line.strip() for line in lines)
    assert f"{LONGEST_FUNCTION}: 1/2 ready, 68 MB, 3 in flight" in text
    assert f"{LONGEST_TRIGGER}: 12345 delivered, 7 dead, lag 910" in text


@pytest.mark.parametrize("width", [40, 80, 120])
def test_battles_fit_the_terminal(width: int) -> None:
    terminal, output = console(width)
    terminal.print(battles_table([BATTLE], "http://127.0.0.1:3000", width))
    text = output.getvalue().decode()
    assert "M-OEE8" in text
    assert "2026-01-02 03:04" in text
    assert "…" not in text
    assert ("2.50 b" in text) == (width >= TABLE_WIDTH)


def test_empty_table_says_what_comes() -> None:
    terminal, output = console(80)
    terminal.print(battles_table((), "http://127.0.0.1:3000"))
    assert "first battle" in output.getvalue().decode()


def test_ascii_terminal_gets_ascii() -> None:
    terminal, output = console(80, "ascii")
    PhasePrinter(terminal)("stores", 1.0)
    for table in (*status_tables(STATUS), battles_table([BATTLE], "http://127.0.0.1:3000")):
        terminal.print(table)
    assert output.getvalue().decode("ascii").startswith("  * stores")
