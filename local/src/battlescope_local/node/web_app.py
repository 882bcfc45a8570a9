"""The build of the web app beside a start, so that the address is there as early as without it."""

import asyncio
import sys
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from battlescope_events.background import start_in_background
from battlescope_local.processes.children import Command, Processes

NAME: Final = "web-app-build"
GRACE: Final = 1.0  # seconds; a build has nothing to save


@asynccontextmanager
async def building_web_app(processes: Processes, project: Path, environment: Mapping[str, str]) -> AsyncGenerator[None]:
    """Build it as a child of the node, which ends the build with itself; web-serve says how far it is."""
    build = (sys.executable, "-m", "battlescope_local.devtools.spa_build", str(project))
    child = await processes.start(Command(NAME, build, project, env=environment))

    async def wait() -> None:
        await processes.wait(child)

    waiting = start_in_background(wait(), NAME)
    try:
        yield
    finally:
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        await processes.stop(child, GRACE)
