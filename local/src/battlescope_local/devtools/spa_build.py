"""Builds the web app beside a start of the system, and tells web-serve how far it is.

`python -m battlescope_local.devtools.spa_build` runs `make spa`. It is quick where nothing changed, and never ends a
start: without the folder `spa/` it does nothing, and a failure is shown at `/`.
"""

import logging
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from battlescope_local.devtools.project import ROOT
from web_serve.domain.build_state import BuildPhase, BuildState

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
    """Build the web app of the project; whether it is there now. A success removes the state file."""
    if not (project / "spa" / "package.json").is_file():
        return False
    file = state_file(project)
    file.parent.mkdir(exist_ok=True)
    _write(file, BuildState(phase=BuildPhase.RUNNING))
    log = file.with_name("output.log")
    with log.open("wb") as output:
        try:
            ended = subprocess.run(
                command, cwd=project, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, check=False
            )
        except OSError as error:
            _write(file, BuildState(phase=BuildPhase.FAILED, reason=str(error)))
            return False
    if ended.returncode:
        _write(file, BuildState(phase=BuildPhase.FAILED, reason=_end_of(log)))
        return False
    file.unlink()
    return True


def _write(file: Path, state: BuildState) -> None:
    """Replace the file at once, since web-serve may read it at any moment."""
    draft = file.with_suffix(".draft")
    draft.write_text(state.model_dump_json())
    draft.replace(file)


def _end_of(log: Path) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-SHOWN_LINES:])[-MAX_SHOWN:]


if __name__ == "__main__":
    if not build(ROOT) and state_file(ROOT).is_file():
        logger.warning("The web app could not be built; %s has the reason.", state_file(ROOT).with_name("output.log"))
