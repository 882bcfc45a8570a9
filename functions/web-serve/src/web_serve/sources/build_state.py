"""The state file that a build of the web app writes beside local mode."""

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from web_serve.domain.build_state import BuildPhase, BuildState

LONGEST_BUILD: Final = timedelta(minutes=10)  # with packages from a slow network
_UNFINISHED: Final = BuildState(phase=BuildPhase.FAILED, reason="The build ended without a result.")


class BuildStateReader:
    """Reads the file, if the installation has one."""

    def __init__(self, file: Path | None, now: Callable[[], datetime]) -> None:
        self._file, self._now = file, now

    def read(self) -> BuildState | None:
        """The state; None where no build runs or has failed. A build that was killed counts as failed after a while."""
        if self._file is None:
            return None
        try:
            state = BuildState.model_validate_json(self._file.read_bytes())
            begun = self._file.stat().st_mtime
        except (FileNotFoundError, ValidationError):  # the file is incomplete for a moment
            return None
        is_old = self._now().timestamp() - begun > LONGEST_BUILD.total_seconds()
        return _UNFINISHED if state.phase is BuildPhase.RUNNING and is_old else state
