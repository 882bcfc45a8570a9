"""How a message names a command of BattleScope, so that its reader can type it as it stands."""

import os
import shutil
import sys
from pathlib import Path
from typing import Final

PROGRAM: Final = "battlescope"


def typed_command(arguments: str) -> str:
    """`battlescope ARGUMENTS` where the shell finds this program by its name, else with the path of the program."""
    program = Path(sys.executable).parent / PROGRAM
    found = shutil.which(PROGRAM)
    if found is not None and (not program.exists() or Path(found).samefile(program)):
        return f"{PROGRAM} {arguments}"
    if not program.is_relative_to(Path.cwd()):
        return f"{program} {arguments}"
    return f"{os.path.relpath(program)} {arguments}"
