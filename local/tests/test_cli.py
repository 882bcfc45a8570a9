"""The command line: up, status, logs, down, and error messages."""

import argparse
import os
import re
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from echo_project import write_project

from battlescope_local import cli, terminal
from battlescope_local.devloop import commands, health
from battlescope_local.node import state
from battlescope_local.node.client import system_folder

if TYPE_CHECKING:
    from battlescope_local.settings import Settings


def battlescope(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    code = f"""
import sys
from pathlib import Path
from battlescope_local import cli, settings
make = cli.Settings
cli.Settings = lambda data, **values: make(data, project={str(project)!r}, **values)
sys.argv = ["battlescope", *sys.argv[1:]]
cli.main()
"""
    env = {**os.environ, "PYTHONPATH": str(project / "apps"), "BATTLESCOPE_DATA": str(project / "data")}
    env["BATTLESCOPE_USER_AGENT"] = "tests (tests@example.org)"
    return subprocess.run(
        [sys.executable, "-c", code, *arguments], env=env, capture_output=True, text=True, timeout=60, check=False
    )


@pytest.mark.e2e
def test_up_status_logs_and_down(nobodys_folder: Callable[[], Path]) -> None:
    project = write_project(nobodys_folder())
    up = battlescope(project, "up", "--port", "0", "--no-timers")
    assert up.returncode == 0, up.stderr
    url = re.search(r"http://127\.0\.0\.1:\d+", up.stdout)
    assert url
    with urllib.request.urlopen(f"{url[0]}/api/echo") as response:
        assert response.status == 200
    assert "already runs" in battlescope(project, "up").stdout
    status = battlescope(project, "status").stdout
    assert re.search(r"postgres .*ready", status)
    assert "echo-api" in status
    assert "There are no open dead letters." in battlescope(project, "dead-letters").stdout
    assert "There are no parked messages." in battlescope(project, "outbox").stdout
    retry = battlescope(project, "outbox", "--retry", "battles:1")
    assert (retry.returncode, "no parked message battles:1" in retry.stderr) == (1, True)
    assert "Applied" in battlescope(project, "logs", "job-migrate-echo").stdout
    assert battlescope(project, "logs", "nobody").returncode == 1
    unknown_id = battlescope(project, "logs", "--id", "zzz")
    assert (unknown_id.returncode, unknown_id.stdout) == (1, "")
    assert "No line of the logs has the id zzz." in unknown_id.stderr
    assert battlescope(project, "down").returncode == 0
    down = battlescope(project, "status")
    assert (down.returncode, down.stdout) == (1, "")
    assert "battlescope up" in down.stderr


def test_failed_start_reports_its_cause(nobodys_folder: Callable[[], Path]) -> None:
    project = write_project(nobodys_folder())
    (project / "knative" / "base" / "all.yaml").unlink()
    up = battlescope(project, "up", "--port", "0")
    assert up.returncode == 1
    assert up.stderr.startswith("battlescope: ")
    assert "Traceback" not in up.stderr


@pytest.mark.parametrize(
    ("arguments", "simulated_upstreams"),
    [
        ([], ("FEED_URL",)),
        (["--sde", "static.zip"], ("FEED_URL", "SDE_URL")),
        (["--offline"], ("FEED_URL", "ESI_URL", "SDE_URL", "EVEREF_URL", "MARKET_HISTORY_URL")),
    ],
)
def test_replay_simulates_the_feed_and_more_with_its_options(
    arguments: list[str], simulated_upstreams: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[Settings] = []
    monkeypatch.setattr(cli.daemon, "start", lambda settings, _report: started.append(settings))
    monkeypatch.setenv("BATTLESCOPE_FEED_URL", "http://elsewhere")
    monkeypatch.chdir(tmp_path)
    for name in ("a", "static.zip"):
        (tmp_path / name).touch()
    monkeypatch.setattr(sys, "argv", ["battlescope", "--data", str(tmp_path), "up", "--killmails", "a", *arguments])
    cli.main()
    [settings] = started
    assert settings.simulated_upstreams == simulated_upstreams
    assert settings.overrides == {"history": {"DATA_RETENTION_MONTHS": "1200"}}
    assert settings.simulator_arguments
    assert ("--sde" in settings.simulator_arguments) == ("--sde" in arguments)


def test_offline_without_killmails_is_rejected(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["battlescope", "--data", str(tmp_path), "up", "--offline"])
    with pytest.raises(SystemExit):
        cli.main()
    assert "--killmails" in capsys.readouterr().err


def test_manifest_stands_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "july.json").write_text("{}")
    command = ["battlescope", "--data", str(tmp_path), "backfill", "--manifest", str(tmp_path / "july.json")]
    monkeypatch.setattr(sys, "argv", [*command, "--from", "2026-07-01"])
    with pytest.raises(SystemExit):
        cli.main()
    assert "--manifest says everything itself" in capsys.readouterr().err


def test_wrong_day_is_named(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "argv", ["battlescope", "backfill", "--from", "2026-13-01"])
    with pytest.raises(SystemExit):
        cli.main()
    assert "'2026-13-01' is no day like 2026-01-31" in capsys.readouterr().err


@pytest.mark.parametrize("killmail", [str(2**63), "9" * 20, "9" * 200, "-1", "²"])
def test_number_beyond_all_killmails_is_no_id(
    killmail: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["battlescope", "--data", str(tmp_path), "value", "--", killmail])
    with pytest.raises(SystemExit):
        cli.main()
    assert capsys.readouterr().err.endswith(f"{killmail} is neither a file nor the id of a killmail.\n")


def test_help_of_revalue_names_its_prices(capsys: pytest.CaptureFixture[str]) -> None:
    cli.command_parser().print_help()
    assert "by the prices of the days before it" in " ".join(capsys.readouterr().out.split())


def write_running_systems(base: Path, *names: str) -> list[Path]:
    """State files of systems that run, as far as a command can tell: their process is this one."""
    folders = [system_folder(base, name) for name in names]
    for folder in folders:
        folder.mkdir(exist_ok=True)
        state.write(folder, "http://127.0.0.1:1", "http://127.0.0.1:1", "token")
    return folders


def test_down_names_every_system_that_it_stops(
    nobodys_folder: Callable[[], Path], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folders = write_running_systems(base := nobodys_folder(), "dev", "demo")
    monkeypatch.setattr(commands, "stop_node", state.remove)
    monkeypatch.setattr(sys, "argv", ["battlescope", "--data", str(base), "down"])
    cli.main()
    assert capsys.readouterr().out.splitlines() == [f"BattleScope in {folder} has stopped." for folder in folders]


def test_status_says_which_other_systems_run(
    nobodys_folder: Callable[[], Path], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shown, other = write_running_systems(base := nobodys_folder(), "dev", "demo")
    monkeypatch.setattr(cli, "request_json", lambda _node, _path: {"services": []})
    monkeypatch.setattr(health, "waiting_notes", lambda _node, _services: ())
    monkeypatch.setattr(terminal, "status_lines", lambda _status: ())
    monkeypatch.setattr(terminal, "status_tables", lambda _status: ())
    monkeypatch.setattr(terminal, "summary", lambda _status: "summary")
    monkeypatch.setattr(sys, "argv", ["battlescope", "--data", str(base), "status"])
    cli.main()
    printed = capsys.readouterr().out
    assert f"Another BattleScope runs in {other};" in printed
    assert f"runs in {shown}" not in printed


def all_options(parser: argparse.ArgumentParser, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Each option and argument of each command: the path of the command, and the name of the option."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for name, command in action.choices.items():
                yield from all_options(command, (*path, name))
        elif action.nargs != 0:
            yield (*path, (action.option_strings or [action.dest])[-1])


ANY_TEXT = {
    "--data",
    "--out",
    "--csv",
    "--set",
    "--reason",
    "--id",
    "--retry",
    "--delete",
    "--note",
    "name",
    "names",
    "killmail",
}
CHOICES = {"action", "--source", "--priority", "--level", "--system"}
WRONG = {
    "--host": (["example"], ["256.0.0.1"], ["127.0.0.1:80"]),
    "--port": (["99999"], ["-1"], ["http"], [""]),
    "--speed": (["nonsense"], ["-3"], ["nan"], ["20/h"]),
    "--killmails": (["/nonexistent"],),
    "files": (["/nonexistent"],),
    "--sde": (["/nonexistent.zip"],),
    "--manifest": (["/nonexistent.json"],),
    "--until-battles": (["0"], ["-1"], ["many"]),
    "--limit": (["0"], ["-5"], ["abc"]),
    "--mails": (["0"], ["x"]),
    "--prices": (["/nonexistent"],),
    "--from": (["2026-13-01"], ["today"]),
    "--to": (["2026-02-30"],),
    **dict.fromkeys(CHOICES, (["nonsense"],)),
}
OPTIONS = sorted(set(all_options(cli.command_parser())))


def test_every_option_is_checked_or_takes_any_text() -> None:
    assert {path[-1] for path in OPTIONS} == WRONG.keys() | ANY_TEXT


@pytest.mark.parametrize("path", [path for path in OPTIONS if path[-1] in WRONG], ids=" ".join)
def test_wrong_value_is_one_sentence_before_anything_starts(
    path: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing is patched that would start: a start without a folder would fail the test."""
    *command, option = path
    for values in WRONG[option]:
        joined = [f"{option}={values[0]}"] if option.startswith("--") else values
        monkeypatch.setattr(sys, "argv", ["battlescope", "--data", "/dev/null/none", *command, *joined])
        with pytest.raises(SystemExit) as caught:
            cli.main()
        error = capsys.readouterr().err
        assert caught.value.code == 2
        assert error.count("\n") == 1, error
        assert "Errno" not in error
        assert error.startswith("battlescope")
        assert error.endswith("--help`.\n")


def test_battlescope_alone_shows_its_help(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "argv", ["battlescope"])
    cli.main()
    assert "COMMAND" in capsys.readouterr().out


def test_version(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "argv", ["battlescope", "--version"])
    with pytest.raises(SystemExit) as caught:
        cli.main()
    assert caught.value.code == 0
    assert re.fullmatch(r"battlescope \d+\.\d+.*\n", capsys.readouterr().out)


def test_reader_of_a_pipe_may_end_early(nobodys_folder: Callable[[], Path]) -> None:
    folder = nobodys_folder()
    (folder / "node.log").write_text("2026-11-29 10:00:00,000 INFO node: a line\n" * 20_000)
    command = f"{sys.executable} -m battlescope_local.cli --data {folder} logs node | head -1"
    process = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False, env=os.environ)
    assert (process.stdout.count("\n"), process.stderr) == (1, "")


def test_error_of_the_operating_system_is_a_sentence(
    nobodys_folder: Callable[[], Path], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = nobodys_folder() / "file"
    file.touch()
    monkeypatch.setattr(sys, "argv", ["battlescope", "--data", str(file), "up", "--port", "0"])
    monkeypatch.setenv("BATTLESCOPE_USER_AGENT", "tests (tests@example.org)")
    with pytest.raises(SystemExit):
        cli.main()
    error = capsys.readouterr().err
    assert error == f"battlescope: {file}/node.json: Not a directory.\n"


def test_up_on_the_real_feed_without_a_contact_warns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(cli.daemon, "start", lambda _settings, _report: "http://127.0.0.1:1")
    monkeypatch.setattr(sys, "argv", ["battlescope", "--data", str(tmp_path), "up"])
    monkeypatch.delenv("BATTLESCOPE_USER_AGENT", raising=False)
    cli.main()
    assert "BATTLESCOPE_USER_AGENT" in capsys.readouterr().err
    monkeypatch.setenv("BATTLESCOPE_USER_AGENT", "me (me@example.org)")
    cli.main()
    assert capsys.readouterr().err == ""


def test_client_commands_do_not_import_the_node() -> None:
    code = "import sys, battlescope_local.cli; print([name for name in ('aiohttp', 'psycopg') if name in sys.modules])"
    process = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert process.stdout == "[]\n"
