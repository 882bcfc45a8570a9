"""The build of the web app beside a start: what web-serve learns of it while it runs, fails and succeeds."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from battlescope_local.devtools.spa_build import SHOWN_LINES, build, spa_environment, state_file
from web_serve.domain.build_state import BuildPhase, BuildState
from web_serve.settings import Settings
from web_serve.sources.build_state import BuildStateReader


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "spa").mkdir()
    (tmp_path / "spa" / "package.json").write_text("{}")
    return tmp_path


def state(project: Path) -> BuildStateReader:
    return BuildStateReader(state_file(project))


def python(code: str) -> tuple[str, ...]:
    return (sys.executable, "-c", code)


def test_state_is_there_while_the_build_runs_and_gone_after_it(project: Path) -> None:
    seen = project / "seen.json"
    code = (
        "import pathlib; from web_serve.sources.build_state import BuildStateReader\n"
        f"state = BuildStateReader(pathlib.Path({str(state_file(project))!r})).read()\n"
        f"pathlib.Path({str(seen)!r}).write_text(state.model_dump_json())"
    )
    assert build(project, python(code))
    assert BuildState.model_validate_json(seen.read_text()).phase is BuildPhase.RUNNING
    assert state(project).read() is None


def test_killed_build_has_failed_and_the_next_one_succeeds(project: Path) -> None:
    code = "import os, signal; os.killpg(os.getpgid(0), signal.SIGKILL)"
    caller = (
        "from pathlib import Path; from battlescope_local.devtools.spa_build import build\n"
        f"build(Path({str(project)!r}), {python(code)!r})"
    )
    ended = subprocess.run(python(caller), start_new_session=True, check=False)
    assert ended.returncode == -signal.SIGKILL
    assert json.loads(state_file(project).read_text())["phase"] == BuildPhase.RUNNING
    unfinished = BuildState(phase=BuildPhase.FAILED, reason="The build ended without a result.")
    while state(project).read() != unfinished:  # the last process of the build is ending
        time.sleep(0.01)
    assert build(project, python(""))
    assert state(project).read() is None


def test_failure_keeps_the_end_of_the_output(project: Path) -> None:
    assert not build(project, python("import sys; [print('line', n) for n in range(99)]; sys.exit('no registry')"))
    failed = state(project).read()
    assert failed is not None
    assert failed.phase is BuildPhase.FAILED
    lines = failed.reason.splitlines()
    assert (len(lines), "no registry" in lines) == (SHOWN_LINES, True)
    assert build(project, python(""))
    assert state(project).read() is None


def test_missing_command_is_a_failure_with_its_reason(project: Path) -> None:
    assert not build(project, ("no-such-program",))
    failed = state(project).read()
    assert failed is not None
    assert "no-such-program" in failed.reason


def test_project_without_a_web_app_builds_nothing(tmp_path: Path) -> None:
    assert not build(tmp_path, python("raise SystemExit(1)"))
    assert list(tmp_path.iterdir()) == []


def test_web_serve_reads_what_the_build_writes(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in spa_environment(project).items():
        monkeypatch.setenv(name, value)
    settings = Settings()
    assert settings.site_folder == project / "spa" / "dist"
    assert settings.build_state_file == state_file(project)
