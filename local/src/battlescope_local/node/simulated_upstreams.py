"""The stand-in for the outside world, run beside the stores when asked for, and the addresses that lead to it."""

import asyncio
import signal
import sys
from collections.abc import AsyncGenerator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from battlescope_local.processes.children import Command, Processes
from battlescope_local.settings import CONFIG_MAP
from battlescope_local.stores.ports import Ports
from battlescope_local.stores.supervisor import SupervisedProcess, accepts

PATHS: Final = {"FEED_URL": "", "ESI_URL": "/esi", "SDE_URL": "/static-data", "EVEREF_URL": "/everef"}
# The stand-in bans nobody; politeness would only slow a demonstration down.
HURRY: Final = {
    "FEED_MAX_RATE": "1000", "FEED_IDLE_SECONDS": "0.1", "EVEREF_MAX_RATE": "1000", "ESI_MAX_RATE": "1000",
}  # fmt: skip


@asynccontextmanager
async def upstream(
    arguments: Sequence[str], processes: Processes, ports: Ports, env: Mapping[str, str]
) -> AsyncGenerator[str]:
    """Its address, when it listens."""
    port = ports.get("upstream")
    argv = (sys.executable, "-m", "battlescope_upstream", "--port", str(port), *arguments)
    command = Command("upstream", argv, Path.cwd(), env, stop_signal=signal.SIGKILL)  # it keeps nothing
    server = SupervisedProcess(processes, command, lambda: accepts(port))
    keeper = await server.start()
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        keeper.cancel()
        await asyncio.gather(keeper, return_exceptions=True)
        await server.stop()


def overrides_for(
    address: str, others: Mapping[str, Mapping[str, str]], names: Collection[str] = tuple(PATHS)
) -> dict[str, Mapping[str, str]]:
    """`names` lead to the stand-in. `others` win: who overrides by hand knows better."""
    ours = {name: f"{address}{path}" for name, path in PATHS.items() if name in names}
    return {**others, CONFIG_MAP: {**ours, **HURRY, **others.get(CONFIG_MAP, {})}}
