"""The command line: up, status, logs, down, and error messages."""

import os
import re
import subprocess
import sys
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from echo_project import write_project

from battlescope_local import cli

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
        (["--offline"], ("FEED_URL", "ESI_URL", "SDE_URL", "EVEREF_URL")),
    ],
)
def test_replay_simulates_the_feed_and_more_with_its_options(
    arguments: list[str], simulated_upstreams: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[Settings] = []
    monkeypatch.setattr(cli.daemon, "start", lambda settings, _report: started.append(settings))
    monkeypatch.setenv("BATTLESCOPE_FEED_URL", "http://elsewhere")
    monkeypatch.setattr(sys, "argv", ["battlescope", "--data", str(tmp_path), "up", "--killmails", "a", *arguments])
    cli.main()
    [settings] = started
    assert settings.simulated_upstreams == simulated_upstreams
    assert settings.overrides == {}
    assert settings.simulator_arguments
    assert ("--sde" in settings.simulator_arguments) == ("--sde" in arguments)


def test_offline_without_killmails_is_rejected(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["battlescope", "--data", str(tmp_path), "up", "--offline"])
    with pytest.raises(SystemExit):
        cli.main()
    assert "--killmails" in capsys.readouterr().err


def test_client_commands_do_not_import_the_node() -> None:
    code = "import sys, battlescope_local.cli; print([name for name in ('aiohttp', 'psycopg') if name in sys.modules])"
    process = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert process.stdout == "[]\n"
