"""Builds the web app beside a start of the system, and tells web-serve how far it is.

`python -m battlescope_local.devtools.spa_build PROJECT` runs `make spa`. It is quick where nothing changed, and never
ends a start: without the folder `spa/` it does nothing, and a failure is shown at `/`.
"""

import fcntl
import logging
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from web_serve.domain.build_state import BuildPhase, BuildState
from web_serve.sources.build_state import LOCK_FILE

logger = logging.getLogger(__name__)

COMMAND: Final = ("make", "--no-print-directory", "spa")
SHOWN_LINES: Final = 20  # the end of the output says why a build failed
MAX_SHOWN: Final = 4000  # characters


def spa_environment(project: Path) -> Mapping[str, str]:
    """Variables of web-serve in local mode: where the build is, and where it says how far it is."""
    return {"SITE_FOLDER": str(project / "spa" / "dist"), "BUILD_STATE_FILE": str(state_file(project))}


def state_file(project: Path) -> Path:
    """Where a build beside the system keeps its state; its whole output is in `output.log` there."""
    return project / "spa" / ".build" / "state.json"


def build(project: Path, command: Sequence[str] = COMMAND) -> bool:
    """Build the web app of the project; whether it is there now. A success removes the state file.

    A second build waits for the first one. Every process of a build holds the lock, so that web-serve sees its end
    even when it is killed.
    """
    if not (project / "spa" / "package.json").is_file():
        return False
    file = state_file(project)
    file.parent.mkdir(exist_ok=True)
    with file.with_name(LOCK_FILE).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        _write(file, BuildState(phase=BuildPhase.RUNNING))
        failure = _run(project, command, file.with_name("output.log"), lock.fileno())
        if failure is not None:
            _write(file, BuildState(phase=BuildPhase.FAILED, reason=failure))
            return False
        file.unlink()
    return True


def _run(project: Path, command: Sequence[str], log: Path, lock: int) -> str | None:
    """Why the command failed; None where it succeeded."""
    with log.open("wb") as output:
        try:
            ended = subprocess.run(
                command, cwd=project, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
                pass_fds=(lock,), check=False,
            )  # fmt: skip
        except OSError as error:
            return str(error)
    return _end_of(log) if ended.returncode else None


def _write(file: Path, state: BuildState) -> None:
    """Replace the file at once, since web-serve may read it at any moment."""
    draft = file.with_suffix(".draft")
    draft.write_text(state.model_dump_json())
    draft.replace(file)


def _end_of(log: Path) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-SHOWN_LINES:])[-MAX_SHOWN:]


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    if not build(folder) and state_file(folder).is_file():
        logger.warning("The web app could not be built; %s has the reason.", state_file(folder).with_name("output.log"))
