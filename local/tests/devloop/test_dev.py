"""`battlescope dev` on a small project: edited functions are replaced, and Ctrl-C stops every process."""

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import pytest
from echo_project import APP, write_app, write_project

from battlescope_local.node import state

pytestmark = [pytest.mark.stores, pytest.mark.e2e]
CODE = """
import sys
from battlescope_local import cli
from battlescope_local.devloop import commands
project, sys.argv = sys.argv[1], ["battlescope", *sys.argv[2:]]
make = commands.Settings
commands.Settings = lambda data, **values: make(data, project=project, **values)
cli.main()
"""
LIMIT = 60


def app_of_version(version: str) -> str:
    return APP.replace('{"pid": os.getpid(),', f'{{"version": {version!r}, "pid": os.getpid(),')


@dataclass
class Dev:
    process: subprocess.Popen[str]
    project: Path
    lines: list[str] = field(default_factory=list)

    @property
    def source(self) -> Path:
        return self.project / "functions" / "echo-api" / "src" / "echo_api" / "main.py"

    @property
    def data(self) -> Path:
        return self.project / "data" / "dev"

    def read(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            self.lines.append(line.rstrip())

    def wait_for_line(self, pattern: str, after: int = 0) -> str:
        return eventually(lambda: next((line for line in self.lines[after:] if re.search(pattern, line)), None), self)

    def request(self) -> dict:
        """Payload of echo-api; only the status while the function cannot start, to which the gateway responds 503."""
        node = state.read(self.data)
        assert node
        try:
            with urllib.request.urlopen(f"{node.gateway_url}/api/echo", timeout=LIMIT) as response:
                return json.load(response)
        except urllib.error.HTTPError as error:
            with error:
                return {"status": error.code}


def eventually(condition: Callable[[], object], dev: Dev) -> Any:
    deadline = time.monotonic() + LIMIT
    while not (result := condition()):
        assert time.monotonic() < deadline, "\n".join(dev.lines)
        assert dev.process.poll() is None, "\n".join(dev.lines)
        time.sleep(0.05)
    return result


@contextmanager
def running_dev(project: Path) -> Iterator[Dev]:
    env = {
        **os.environ,
        "PYTHONPATH": str(project / "functions" / "echo-api" / "src"),
        "BATTLESCOPE_DATA": str(project / "data"),
    }
    command = [sys.executable, "-c", CODE, str(project), "dev", "--port", "0", "--speed", "max"]
    with subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        dev = Dev(process, project)
        reader = threading.Thread(target=dev.read)
        reader.start()
        try:
            dev.wait_for_line(r"BattleScope is at http")
            yield dev
        finally:
            if process.poll() is None:
                process.kill()
            process.wait()
            reader.join()


@pytest.fixture
def project(nobodys_folder: Callable[[], Path]) -> Path:
    folder = write_project(nobodys_folder())
    write_app(folder / "functions" / "echo-api" / "src", text=app_of_version("one"))
    (folder / "events" / "src").mkdir(parents=True)
    return folder


def test_edited_code_is_served_and_an_error_in_it_stops_nothing(project: Path) -> None:
    with running_dev(project) as dev:
        first = dev.request()
        assert first["version"] == "one"
        dev.source.write_text(app_of_version("two"))
        dev.wait_for_line(r"main.py changed: echo-api is replaced")
        eventually(lambda: dev.request().get("version") == "two", dev)
        eventually(lambda: not psutil.pid_exists(first["pid"]), dev)

        dev.source.write_text("def broken(:\n")
        dev.wait_for_line(r"functions/echo-api/src/echo_api/main.py, line 1: invalid syntax: def broken\(:")
        assert dev.request()["version"] == "two"

        dev.source.write_text("raise LookupError('no such ship')\n")
        dev.wait_for_line(r"LookupError: no such ship")
        dev.wait_for_line(r"echo-api ended during its start")
        eventually(lambda: dev.request().get("status") == 503, dev)

        dev.source.write_text(app_of_version("three"))
        eventually(lambda: dev.request().get("version") == "three", dev)


def test_shared_code_replaces_every_function_and_manifests_require_a_restart(project: Path) -> None:
    with running_dev(project) as dev:
        before = dev.request()["pid"]
        (project / "events" / "src" / "shared.py").write_text("VALUE = 1\n")
        dev.wait_for_line(r"shared.py changed: echo-api is replaced")
        eventually(lambda: dev.request()["pid"] != before, dev)
        with (project / "knative" / "base" / "all.yaml").open("a") as manifest:
            manifest.write("# changed\n")
        dev.wait_for_line(r"all.yaml is read only at the start: restart `.*battlescope dev`")


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_leaves_nothing_running(project: Path, end: signal.Signals) -> None:
    with running_dev(project) as dev:
        dev.request()
        descendants = psutil.Process(dev.process.pid).children(recursive=True)
        assert len(descendants) > 4
        dev.process.send_signal(end)
        assert dev.process.wait(LIMIT) == 0
        assert not [
            process for process in descendants if process.is_running() and process.status() != psutil.STATUS_ZOMBIE
        ]
        assert state.read(dev.data) is None
    assert dev.lines[-1] == "BattleScope has stopped."


def battlescope(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "BATTLESCOPE_DATA": str(project / "data")}
    return subprocess.run(
        [sys.executable, "-c", CODE, str(project), *arguments],
        env=env, capture_output=True, text=True, timeout=LIMIT, check=False, stdin=subprocess.DEVNULL,
    )  # fmt: skip


def test_commands_while_dev_runs_and_after_it(project: Path) -> None:
    with running_dev(project) as dev:
        dev.request()
        health = battlescope(project, "health")
        assert re.search(r"ok +postgres +ready", health.stdout)
        assert re.search(r"ok +echo-api +ready", health.stdout)
        assert health.returncode == 0
        second = project / "functions" / "echo-api" / "migrations" / "20260102000000_more.sql"
        second.write_text("-- migrate:up\nCREATE TABLE more (id bigint);\n-- migrate:down\n")
        assert "Applied: 20260102000000_more.sql" in battlescope(project, "db", "migrate").stdout
        for arguments in (("db", "reset", "--yes"), ("reset", "--yes")):
            refused = battlescope(project, *arguments)
            assert (refused.returncode, "stop it first" in refused.stderr) == (1, True)
        assert (dev.data / "postgres").is_dir()
        assert battlescope(project, "stop").returncode == 0
        assert dev.process.wait(LIMIT) == 0

    assert battlescope(project, "db", "migrate").stdout == "Every database is up to date.\n"
    unconfirmed = battlescope(project, "db", "reset")
    assert (unconfirmed.returncode, "--yes" in unconfirmed.stderr) == (1, True)
    assert (dev.data / "postgres").is_dir()
    assert battlescope(project, "db", "reset", "--yes").returncode == 0
    assert not (dev.data / "postgres").exists()
    assert (dev.data / "log").is_dir()
    assert "Applied: 20260101000000_kept.sql" in battlescope(project, "db", "migrate").stdout
    assert battlescope(project, "reset", "--yes").returncode == 0
    assert not (project / "data").exists()
