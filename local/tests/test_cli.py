"""The command as people use it: up, status, logs, down, and its sentences when something is wrong."""

import os
import re
import subprocess
import sys
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest
from project import write_project

from battlescope_local import cli
from battlescope_local import settings as settings_module
from battlescope_local.demo import fetch_battles
from battlescope_local.node.simulated_upstreams import simulator_overrides
from battlescope_local.settings import S3Access, Settings, data_folder, external_servers, from_json, upstream_overrides
from battlescope_local.terminal import battle_line


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
    with urllib.request.urlopen(f"{url[0]}/api/echo") as answer:
        assert answer.status == 200
    assert "already runs" in battlescope(project, "up").stdout
    status = battlescope(project, "status").stdout
    assert re.search(r"postgres .*ready", status)
    assert "echo-api" in status
    assert "There are no dead letters." in battlescope(project, "dead-letters").stdout
    assert "Applied" in battlescope(project, "logs", "job-migrate-echo").stdout
    assert battlescope(project, "logs", "nobody").returncode == 1
    assert battlescope(project, "down").returncode == 0
    down = battlescope(project, "status")
    assert (down.returncode, down.stdout) == (1, "")
    assert "battlescope up" in down.stderr


def test_a_start_that_fails_says_why(nobodys_folder: Callable[[], Path]) -> None:
    project = write_project(nobodys_folder())
    (project / "knative" / "base" / "all.yaml").unlink()
    up = battlescope(project, "up", "--port", "0")
    assert up.returncode == 1
    assert up.stderr.startswith("battlescope: ")
    assert "Traceback" not in up.stderr


def test_settings_travel_as_json() -> None:
    settings = Settings(
        "/data", overrides={"upstreams": {"A": "b"}}, simulator_arguments=("--speed", "max"), simulated_upstreams=("A",)
    )
    assert from_json(settings.to_json()) == settings


def test_servers_of_others_come_from_the_environment() -> None:
    assert external_servers({}).s3 is None
    keys = {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret"}
    assert external_servers({"BATTLESCOPE_S3_ENDPOINT_URL": "http://s3", **keys}).s3 == S3Access(
        "http://s3", "key", "secret"
    )
    with pytest.raises(ValueError, match="AWS_ACCESS_KEY_ID"):
        external_servers({"BATTLESCOPE_S3_ENDPOINT_URL": "http://s3"})


def test_the_outside_world_comes_from_the_environment() -> None:
    assert upstream_overrides(environ={"BATTLESCOPE_FEED_URL": ""}) == {}
    environ = {"BATTLESCOPE_FEED_URL": "http://feed", "BATTLESCOPE_USER_AGENT": "me@example.org", "FEED_URL": "no"}
    assert upstream_overrides(environ=environ) == {
        "upstreams": {"FEED_URL": "http://feed", "USER_AGENT": "me@example.org"}
    }
    assert upstream_overrides(excluded=["FEED_URL"], environ=environ) == {"upstreams": {"USER_AGENT": "me@example.org"}}


def test_the_stand_in_takes_the_place_of_what_it_was_asked_to() -> None:
    whole = simulator_overrides("http://here", {})["upstreams"]
    assert (whole["FEED_URL"], whole["ESI_URL"], whole["SDE_URL"]) == (
        *("http://here", "http://here/esi", "http://here/static-data"),
    )  # fmt: skip
    feed = simulator_overrides("http://here", {"upstreams": {"FEED_MAX_RATE": "3"}}, ["FEED_URL"])["upstreams"]
    assert set(feed) == {"FEED_URL", "FEED_MAX_RATE", "FEED_IDLE_SECONDS", "EVEREF_MAX_RATE", "ESI_MAX_RATE"}
    assert feed["FEED_MAX_RATE"] == "3"


@pytest.mark.parametrize(
    ("arguments", "stood_in"),
    [
        ([], ("FEED_URL",)),
        (["--sde", "static.zip"], ("FEED_URL", "SDE_URL")),
        (["--offline"], ("FEED_URL", "ESI_URL", "SDE_URL", "EVEREF_URL")),
    ],
)
def test_a_replay_takes_its_feed_from_the_stand_in_and_more_when_told(
    arguments: list[str], stood_in: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[Settings] = []
    monkeypatch.setattr(cli.daemon, "start", lambda settings, _report: started.append(settings))
    monkeypatch.setenv("BATTLESCOPE_FEED_URL", "http://elsewhere")
    monkeypatch.setattr(sys, "argv", ["battlescope", "--data", str(tmp_path), "up", "--killmails", "a", *arguments])
    cli.main()
    [settings] = started
    assert settings.simulated_upstreams == stood_in
    assert settings.overrides == {}
    assert settings.simulator_arguments
    assert ("--sde" in settings.simulator_arguments) == ("--sde" in arguments)


def test_offline_without_a_replay_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["battlescope", "--data", str(tmp_path), "up", "--offline"])
    with pytest.raises(SystemExit):
        cli.main()
    assert "--killmails" in capsys.readouterr().err


def test_commands_that_only_ask_import_no_node() -> None:
    code = "import sys, battlescope_local.cli; print([name for name in ('aiohttp', 'psycopg') if name in sys.modules])"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout == "[]\n"


def test_state_leaves_a_home_that_nobody_may_enter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project = tmp_path / "home" / "project"
    project.mkdir(parents=True)
    monkeypatch.setattr(settings_module.os, "geteuid", lambda: 1000)
    assert data_folder(None, project, {}) == project / ".battlescope"
    assert data_folder("/elsewhere", project, {}) == Path("/elsewhere")
    monkeypatch.setattr(settings_module.os, "geteuid", lambda: 0)
    (tmp_path / "home").chmod(0o700)
    moved = data_folder(None, project, {})
    assert moved.name.startswith("battlescope-")
    assert moved == data_folder(None, project, {})
    assert (tmp_path / "home").stat().st_mode & 0o777 == 0o700


def test_a_battle_as_a_line() -> None:
    battle = {"startTime": "2026-01-02T03:04:05Z", "systemName": "M-OEE8", "totalKills": 9, "totalParticipants": 30}
    line = battle_line({**battle, "totalIskDestroyed": "2500000000.00", "status": "open"})
    assert line == "battle 2026-01-02 03:04 M-OEE8: 9 kills, 30 pilots, 2.50 b ISK open"
    assert fetch_battles is not None
