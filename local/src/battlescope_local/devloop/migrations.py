"""`battlescope db migrate`: runs the migration Jobs of the manifests, on a running system or on its databases alone."""

import asyncio
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from battlescope_local.devloop.log_follower import LogFollower
from battlescope_local.manifests import load
from battlescope_local.manifests.model import Job
from battlescope_local.node import state
from battlescope_local.node.workload_config import ResolvedConfig, container_environment, required_databases
from battlescope_local.processes.children import Processes, end_leftovers
from battlescope_local.serving.jobs import phase_of, run_jobs
from battlescope_local.settings import ExternalServers, Settings, base_environment, make_private
from battlescope_local.stores import postgres
from battlescope_local.stores.ports import Ports
from battlescope_local.stores.state_file import StateFile

BIN_FOLDER: Final = Path(sys.executable).parent  # contains dbmate


async def migrate(settings: Settings, external: ExternalServers) -> tuple[str, ...]:
    """Apply missing migrations, and return dbmate's line for each applied one."""
    manifests = load(settings.manifests)
    make_private(settings.folder)
    processes = Processes(settings.folder / "run", settings.folder / "logs")
    state_file = StateFile(settings.folder / "secrets.json")
    follower = LogFollower(settings.folder)
    follower.skip_existing()
    async with _database(settings.folder, external, processes, state_file) as admin_url:
        urls = await postgres.provision(admin_url, required_databases(manifests), state_file)
        secrets = {f"{function}-database": {"DATABASE_URL": url} for (function, _), url in urls.items()}
        config = ResolvedConfig(secrets, manifests.config_maps)

        def env(job: Job) -> dict[str, str]:
            return {
                **base_environment(BIN_FOLDER),
                **container_environment(job.container, config, f"The Job {job.name}"),
            }

        jobs = [job for job in manifests.jobs if phase_of(job) == "migrate"]
        await run_jobs(jobs, processes, Path(settings.project) / "functions", env)
    return tuple(line for _, line in follower.new_lines() if line.startswith("Applied:"))


@asynccontextmanager
async def _database(
    folder: Path, external: ExternalServers, processes: Processes, state_file: StateFile
) -> AsyncGenerator[str]:
    """The administrator's URL of the external server, of the running one, or of one that is started for the block."""
    if external.postgres_url:
        yield external.postgres_url
    elif state.read(folder) is not None:
        yield postgres.running_server_url(state_file)
    else:
        with state.lock_folder(folder):
            end_leftovers(folder / "run")
            ports = Ports(state_file)
            admin_url, server = await postgres.prepare_server_in_thread(
                folder / "postgres", processes, ports, state_file
            )
            supervisor = await server.start()
            try:
                yield admin_url
            finally:
                supervisor.cancel()
                await asyncio.gather(supervisor, return_exceptions=True)
                await server.stop()
                ports.release()
