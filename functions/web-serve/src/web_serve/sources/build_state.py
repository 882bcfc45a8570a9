"""The state file that a build of the web app writes beside local mode."""

from pathlib import Path
from typing import Final

from pydantic import ValidationError

from battlescope_events.server.file_locks import is_locked
from web_serve.domain.build_state import BuildPhase, BuildState

LOCK_FILE: Final = "lock"  # beside the state file; a build holds it, and the system releases it when the build ends
_UNFINISHED: Final = BuildState(phase=BuildPhase.FAILED, reason="The build ended without a result.")


class BuildStateReader:
    """Reads the file, if the installation has one."""

    def __init__(self, file: Path | None) -> None:
        self._file = file

    def read(self) -> BuildState | None:
        """The state; None where no build runs or has failed. A build that was killed counts as failed."""
        if self._file is None:
            return None
        try:
            state = BuildState.model_validate_json(self._file.read_bytes())
        except (FileNotFoundError, ValidationError):  # the file is incomplete for a moment
            return None
        return state if state.phase is BuildPhase.FAILED or is_locked(self._file.with_name(LOCK_FILE)) else _UNFINISHED
