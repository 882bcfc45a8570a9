from datetime import UTC, datetime, timedelta
from pathlib import Path

from web_serve.domain.build_state import BuildPhase, BuildState
from web_serve.sources.build_state import LONGEST_BUILD, BuildStateReader


def test_state_is_that_of_the_file(tmp_path: Path) -> None:
    file, times = tmp_path / "state.json", [datetime.now(UTC)]
    reader = BuildStateReader(file, lambda: times[-1])
    assert reader.read() is None
    file.write_text("")
    assert reader.read() is None
    running = BuildState(phase=BuildPhase.RUNNING)
    file.write_text(running.model_dump_json())
    assert reader.read() == running
    times.append(times[0] + LONGEST_BUILD + timedelta(minutes=1))
    state = reader.read()
    assert state is not None
    assert (state.phase, state.reason) == (BuildPhase.FAILED, "The build ended without a result.")
    failed = BuildState(phase=BuildPhase.FAILED, reason="E404")
    file.write_text(failed.model_dump_json())
    assert reader.read() == failed


def test_installation_without_builds_has_no_state() -> None:
    assert BuildStateReader(None, lambda: datetime.now(UTC)).read() is None
