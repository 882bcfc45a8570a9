"""Benchmarks of the running system as commands: wrong values, an end in the middle, and what they show."""

import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Final

import pytest
from rich.console import Console

ROOT: Final = Path(__file__).parents[2]
BENCH: Final = ROOT / "bench"
SCENARIOS: Final = ("calm", "normal", "major", "sustained")


def command(script: str, *arguments: str) -> list[str]:
    return [sys.executable, str(BENCH / "live" / script), *arguments]


def environment(**values: str) -> dict[str, str]:
    return os.environ | {"PYTHONPATH": str(BENCH)} | values


@pytest.mark.parametrize(
    ("script", "arguments", "reason"),
    [
        ("load.py", ("--minutes", "nan"), "'nan' is no duration"),
        ("load.py", ("--minutes", "-1"), "'-1' is no duration"),
        ("load.py", ("--minutes", "0"), "'0' is no duration"),
        ("load.py", ("quiet",), f"'quiet' is none of {', '.join(SCENARIOS)};"),
        ("outage.py", ("--hours", "0"), "0 must be 1 or more"),
        ("latency.py", ("--rates", "20", "0"), "0 must be 1 or more"),
        ("latency.py", ("--runs", "two"), "'two' is not a whole number"),
        ("latency.py", ("--seconds", "5"), "5 s are too few: the first 10 start the system; use 15 or more"),
        ("../flow.py", ("--latency-killmails", "100"), "--latency-killmails 100 last 5 s at --rate 20"),
        ("priorities.py", ("calm",), "unrecognized arguments: calm"),
        ("../flow.py", ("--rate", "0"), "0 must be 1 or more"),
        ("../flow.py", ("nothing.jsonl",), "there is no file nothing.jsonl"),
        ("singly.py", ("--group", "0"), "0 must be 1 or more"),
        ("singly.py", ("--killmails", "-3"), "-3 must be 1 or more"),
        ("singly.py", ("--setting", "FOO"), "'FOO' is no setting: use NAME=VALUE"),
    ],
)
def test_wrong_value_is_a_sentence(script: str, arguments: tuple[str, ...], reason: str) -> None:
    ended = subprocess.run(command(script, *arguments), env=environment(), capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert reason in ended.stderr
    assert len(ended.stderr.splitlines()) == 1


def test_help_of_latency_states_the_defaults() -> None:
    shown = subprocess.run(
        command("latency.py", "--help"), env=environment(COLUMNS="200"), capture_output=True, text=True, check=True
    ).stdout
    assert all(f"(default: {value})" in shown for value in ("20 100", "30", "5"))
    assert "at least 15" in shown


def test_every_benchmark_takes_arguments_from_make() -> None:
    """`make bench-load ARGS=--help` shows its help, and so does that of every command that reads arguments."""
    recipes = re.findall(r"^bench-[a-z-]+:.*\n((?:\t.*\n)+)", (ROOT / "Makefile").read_text(), re.MULTILINE)
    scripts = [line for recipe in recipes for line in recipe.splitlines() if ".py" in line]
    deaf = [line for line in scripts if not re.search(r"\$\((\w+_)?ARGS\)$", line)]
    assert [line for line in deaf if "ArgumentParser" in (ROOT / line.split()[-1]).read_text()] == []


def test_help_of_make_names_every_scenario() -> None:
    line = re.search(r"^bench-load:.*$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert line is not None
    assert f'ARGS="{" ".join(SCENARIOS)}"' in line[0]


def test_table_says_which_bounds_are_held(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(BENCH)
    from harness.report import lag_table  # noqa: PLC0415  # a folder of scripts

    lag = {"p50": 0.5, "p95": 2.0, "max": 9.0}
    console = Console(width=80, record=True, file=StringIO())
    console.print(lag_table("calm", {"ingest": lag | {"bound": 2}, "enrich": lag | {"bound": 1}, "present": lag}))
    rows = [re.findall(r"[\w.]+", line) for line in console.export_text().splitlines()]
    assert ["ingest", "0.5", "2", "9", "2", "held"] in rows
    assert ["enrich", "0.5", "2", "9", "1", "missed"] in rows
    assert ["present", "0.5", "2", "9"] in rows


def test_table_has_a_column_for_each_figure_of_any_row(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(BENCH)
    from harness.report import figure_table  # noqa: PLC0415  # a folder of scripts

    console = Console(width=80, record=True, file=StringIO())
    console.print(figure_table("cold", "function", {"a": {"ready": 5, "answered": 7.25}, "b": {"ready": 6}}))
    rows = [re.findall(r"[\w.]+", line) for line in console.export_text().splitlines()]
    assert rows[0] == ["cold"]
    assert ["function", "ready", "answered"] in rows
    assert ["a", "5", "7.25"] in rows
    assert ["b", "6"] in rows


@pytest.mark.parametrize("script", ["flow.py", *(f"live/{path.name}" for path in (BENCH / "live").glob("*.py"))])
def test_benchmark_that_starts_a_system_ends_by_its_context_managers(script: str) -> None:
    """`command_line.run` turns SIGTERM into an exit, which stops the system and removes its folder."""
    assert (BENCH / script).read_text().endswith("    command_line.run(main)\n")


def test_folder_of_benchmarks_has_at_most_fifteen_modules() -> None:
    folders = Counter(path.parent for path in BENCH.rglob("*.py") if path.name != "__init__.py")
    assert {str(folder.relative_to(ROOT)): count for folder, count in folders.items() if count > 15} == {}


@pytest.mark.stores
@pytest.mark.e2e
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_benchmark_that_is_ended_leaves_nothing_behind(
    nobodys_folder: Callable[[], Path], number: signal.Signals
) -> None:
    """The signal comes while the system starts; the test waits for its output, so that it needs no time of its own."""
    folder = nobodys_folder()
    with subprocess.Popen(
        command("load.py", "calm", "--minutes", "10"),
        env=environment(TMPDIR=str(folder), PYTHONUNBUFFERED="1"),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as benchmark:  # fmt: skip
        assert benchmark.stdout
        assert benchmark.stdout.readline() == "calm ...\n"
        while not list(folder.glob("bench-*/calm/node.log")):
            assert benchmark.poll() is None
            time.sleep(0.02)
        benchmark.send_signal(number)
        _, errors = benchmark.communicate()
    assert (benchmark.returncode, errors) == (128 + number, "")
    assert list(folder.iterdir()) == []
