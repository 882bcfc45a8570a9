"""Terminal output of the commands at 40, 80 and 120 columns, in ASCII and into a pipe."""

import argparse
import io
from collections.abc import Iterator
from typing import Any

import pytest
from rich.console import Console

from battle_cluster.detection.tiers import Tier
from battlescope_local import text_output
from battlescope_local.cli import command_parser
from battlescope_local.devloop.dead_letter_commands import letter_text
from battlescope_local.devloop.log_entries import LogEntry
from battlescope_local.devloop.log_view import terminal_text
from battlescope_local.devloop.topics import ConsumerGroup, Partition, TopicStatus, topic_lines
from battlescope_local.replay.group_batch import BattleRecord
from battlescope_local.replay.output import IdentifiedBattle
from battlescope_local.replay.report import largest_battles
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


def parsers(parser: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
    """The parser and those of all commands below it."""
    yield parser
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for command in {id(command): command for command in action.choices.values()}.values():
                yield from parsers(command)


@pytest.mark.parametrize("width", [40, 80, 120])
def test_help_of_every_command_fits_the_terminal(monkeypatch: pytest.MonkeyPatch, width: int) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    helps = {parser.prog: parser.format_help() for parser in parsers(command_parser())}
    assert len(helps) > 15
    assert [line for text in helps.values() for line in text.splitlines() if len(line) > width] == []


LETTER = {
    "name": "3-17", "time": "2026-11-29T12:00:00+00:00", "type": "com.battlescope.killmail.refused.v1", "subject": "7",
    "destination": "", "code": None, "reason": "The kill time 2027-01-01 is more than a day in the future.", "data": "",
    "resolution": None, "id": "0b5ee7ae-3f50-5e43-9e21-4a4c6d5e5a0e", "traceId": "", "record": "3/17",
}  # fmt: skip
TOPIC = TopicStatus(
    "knative-broker-battlescope-killmails",
    tuple(Partition(number, 100_000 + number, 5) for number in range(8)),
    (ConsumerGroup("knative-trigger-battlescope-killmail-enrich-retention", (1, 2, 3, 4, 5, 6, 7, 8)),),
)


@pytest.mark.parametrize("width", [40, 80, 120])
@pytest.mark.parametrize("text", [letter_text(LETTER), *topic_lines([TOPIC])])
def test_long_lines_break_between_words(text: str, width: int) -> None:
    for line in text.splitlines():
        broken = text_output.wrapped(line, width)
        assert broken.split() == line.split()
        for part in broken.splitlines():
            assert len(part) <= width or len(part.split()) == 1
        assert broken.startswith(line[: len(line) - len(line.lstrip())])


def test_lines_into_a_pipe_stay_whole(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    text_output.print_text(letter_text(LETTER))
    assert capsys.readouterr().out == letter_text(LETTER) + "\n"


@pytest.mark.parametrize("width", [40, 80, 120])
def test_log_entries_fit_the_terminal_and_break_between_words(width: int) -> None:
    message = "job-migrate-killmails has succeeded after 16.57 s, and the gateway is ready"
    entry = LogEntry("INFO", message)
    lines = terminal_text("killmail-enrich", entry, width).plain.splitlines()
    assert all(len(line) <= width for line in lines)
    assert " ".join(" ".join(lines).split()) == f"killmail-enrich INFO {message}"


@pytest.mark.parametrize("width", [40, 80, 120])
def test_largest_battles_of_a_replay_fit_the_terminal(width: int) -> None:
    terminal, output = console(width, "ascii")
    sides = ("alliance 99005338 +2", "corporation 98082957 +13")
    battle = BattleRecord(
        start=1_638_230_400, first_id=1, system_id=30_002_851, end=1_638_231_000, tier=Tier.BATTLE.value, kills=36,
        pilots=55, isk=1e12, computed_isk=0.0, unpriced=1, system_ids=(30_002_851,), sides=sides,
        unassigned=0, line=b"",
    )  # fmt: skip
    terminal.print(largest_battles([IdentifiedBattle("id", battle)], {}, width))
    text = output.getvalue().decode("ascii")
    assert "2021-11-30 00:00" in text
    assert "30002851" in text
    assert ("1000.00 b" in text) == (width >= TABLE_WIDTH)
    assert all(len(line) <= width for line in text.splitlines())
