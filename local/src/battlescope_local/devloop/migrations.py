"""`battlescope db migrate`: the migration Jobs of the manifests, on a running system or on its databases alone."""

import asyncio
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from battlescope_local.devloop.log_follower import Follower
from battlescope_local.manifests import load
from battlescope_local.manifests.model import Job
from battlescope_local.node import state
from battlescope_local.node.workload_config import ResolvedConfig, environment, needs
from battlescope_local.processes.children import Processes, end_leftovers
from battlescope_local.serving.jobs import phase_of, run_jobs
from battlescope_local.settings import ExternalServers, Settings, base_environment, make_private
from battlescope_local.stores import postgres
from battlescope_local.stores.ports import Ports
from battlescope_local.stores.state_file import StateFile

BIN: Final = Path(sys.executable).parent  # dbmate is there


async def migrate(settings: Settings, given: ExternalServers) -> tuple[str, ...]:
    """Apply what is missing; gives the applied migrations as dbmate names them."""
    manifests = load(settings.manifests)
    make_private(settings.folder)
    processes = Processes(settings.folder / "run", settings.folder / "logs")
    memory = StateFile(settings.folder / "secrets.json")
    follower = Follower(settings.folder)
    follower.skip()
    async with _database(settings.folder, given, processes, memory) as address:
        urls = await postgres.provision(address, needs(manifests), memory)
        secrets = {f"{function}-database": {"DATABASE_URL": url} for (function, _), url in urls.items()}
        provided = ResolvedConfig(secrets, manifests.config_maps)

        def env(job: Job) -> dict[str, str]:
            return {**base_environment(BIN), **environment(job.container, provided, f"The Job {job.name}")}

        jobs = [job for job in manifests.jobs if phase_of(job) == "migrate"]
        await run_jobs(jobs, processes, Path(settings.project) / "functions", env)
    return tuple(line for _, line in follower.lines() if line.startswith("Applied:"))


@asynccontextmanager
async def _database(
    folder: Path, given: ExternalServers, processes: Processes, memory: StateFile
) -> AsyncGenerator[str]:
    """The administrator's URL of the server that is given, or runs already, or is started for this."""
    if given.postgres_url:
        yield given.postgres_url
    elif state.read(folder) is not None:
        port, password = memory.get("port-postgres"), memory.password("postgres")
        yield f"postgresql://postgres:{password}@127.0.0.1:{port}/postgres"
    else:
        with state.sole_node(folder):
            end_leftovers(folder / "run")
            address, server = await postgres.prepare(folder / "postgres", processes, Ports(memory), memory)
            keeper = await server.start()
            try:
                yield address
            finally:
                keeper.cancel()
                await asyncio.gather(keeper, return_exceptions=True)
                await server.stop()
