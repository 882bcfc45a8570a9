import fcntl
from pathlib import Path

from web_serve.domain.build_state import BuildPhase, BuildState
from web_serve.sources.build_state import LOCK_FILE, BuildStateReader


def test_state_is_that_of_the_file(tmp_path: Path) -> None:
    file = tmp_path / "state.json"
    reader = BuildStateReader(file)
    assert reader.read() is None
    file.write_text("")
    assert reader.read() is None
    failed = BuildState(phase=BuildPhase.FAILED, reason="E404")
    file.write_text(failed.model_dump_json())
    assert reader.read() == failed


def test_build_runs_only_while_its_process_holds_the_lock(tmp_path: Path) -> None:
    file = tmp_path / "state.json"
    reader = BuildStateReader(file)
    running = BuildState(phase=BuildPhase.RUNNING)
    unfinished = BuildState(phase=BuildPhase.FAILED, reason="The build ended without a result.")
    file.write_text(running.model_dump_json())
    assert reader.read() == unfinished
    with (tmp_path / LOCK_FILE).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert reader.read() == running
    assert reader.read() == unfinished


def test_installation_without_builds_has_no_state() -> None:
    assert BuildStateReader(None).read() is None
