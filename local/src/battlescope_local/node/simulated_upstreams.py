"""The simulator of feed, ESI, static data and EVE Ref as a process of the node, and the settings that lead to it."""

import asyncio
import signal
import sys
from collections.abc import AsyncGenerator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from battlescope_local.processes.children import Command, Processes
from battlescope_local.settings import UPSTREAMS_CONFIG_MAP
from battlescope_local.stores.ports import Ports
from battlescope_local.stores.supervisor import SupervisedProcess, accepts_connections

SIMULATED_PATHS: Final = {
    "FEED_URL": "", "ESI_URL": "/esi", "SDE_URL": "/static-data", "EVEREF_URL": "/everef",
    "MARKET_HISTORY_URL": "/everef/market-history", "SSO_URL": "/sso",
}  # fmt: skip
# The simulator does not ban clients, so that rate limits would only slow a demonstration down. A simulated feed ends,
# which is a silence without a fault; a test of the standby turns it on.
UNTHROTTLED: Final = {
    "FEED_MAX_RATE": "1000", "FEED_IDLE_SECONDS": "0.1", "EVEREF_MAX_RATE": "1000", "ESI_MAX_RATE": "1000",
    "TICKER_MAX_RATE": "50",
    "STANDBY_MAX_RATE": "1000", "STANDBY_IDLE_SECONDS": "0.5", "STANDBY_SOURCE": "off",
}  # fmt: skip


@asynccontextmanager
async def start_simulator(
    arguments: Sequence[str], processes: Processes, ports: Ports, env: Mapping[str, str]
) -> AsyncGenerator[str]:
    """Start the simulator and yield its address when it listens."""
    port = ports.get("upstream")
    argv = (sys.executable, "-m", "battlescope_upstream", "--port", str(port), *arguments)
    command = Command("upstream", argv, Path.cwd(), env, stop_signal=signal.SIGKILL)  # it stores nothing
    server = SupervisedProcess(processes, command, lambda: accepts_connections(port))
    supervisor = await server.start()
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        supervisor.cancel()
        await asyncio.gather(supervisor, return_exceptions=True)
        await server.stop()


def simulator_overrides(
    address: str, overrides: Mapping[str, Mapping[str, str]], names: Collection[str] = tuple(SIMULATED_PATHS)
) -> dict[str, Mapping[str, str]]:
    """ConfigMap overrides that lead the addresses of `names` to the simulator; `overrides` take precedence."""
    simulated = {name: f"{address}{path}" for name, path in SIMULATED_PATHS.items() if name in names}
    if "MARKET_HISTORY_URL" in simulated:  # the real one stays limited beside a simulated feed
        simulated["MARKET_HISTORY_MAX_RATE"] = "1000"
    return {**overrides, UPSTREAMS_CONFIG_MAP: {**simulated, **UNTHROTTLED, **overrides.get(UPSTREAMS_CONFIG_MAP, {})}}
