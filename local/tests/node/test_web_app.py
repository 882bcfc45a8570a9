"""The build of the web app beside the start of a node: when it begins, and that it ends with the node."""

import asyncio
import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from echo_project import write_project

from battlescope_local.devtools.spa_build import state_file
from battlescope_local.node import state
from battlescope_local.node.composition import PortTakenError, start_node
from battlescope_local.node.web_app import building_web_app
from battlescope_local.processes.children import Processes
from battlescope_local.settings import LOOPBACK, ExternalServers, Settings, whole_environment
from web_serve.domain.build_state import BuildPhase, BuildState
from web_serve.sources.build_state import BuildStateReader


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = write_project(tmp_path / "my project")
    (folder / "spa").mkdir()
    (folder / "spa" / "package.json").write_text("{}")
    return folder


@asynccontextmanager
async def building(project: Path, recipe: str) -> AsyncGenerator[None]:
    (project / "Makefile").write_text(f".PHONY: spa\nspa:\n\t{recipe}\n")
    processes = Processes(project / "run", project / "logs")
    async with building_web_app(processes, project, whole_environment()):
        yield


async def until_written(file: Path) -> None:
    while not file.exists():  # noqa: ASYNC240  # one look at a file of the test
        await asyncio.sleep(0.01)


async def refused(project: Path, port: int, error: type[Exception]) -> None:
    settings = Settings(str(project / "data"), project=str(project), port=port, build_web_app=True)
    with pytest.raises(error):
        async with start_node(settings, ExternalServers(), lambda *_: None):
            pass
    assert not state_file(project).parent.exists()


async def test_node_that_is_refused_builds_nothing(project: Path) -> None:
    (project / "data").mkdir()
    with state.lock_folder(project / "data"):
        await refused(project, 0, state.AlreadyRunningError)
    with socket.create_server((LOOPBACK, 0)) as taken:
        await refused(project, taken.getsockname()[1], PortTakenError)


async def test_build_runs_beside_the_start(project: Path) -> None:
    async with building(project, "@touch built"):
        await until_written(project / "built")


async def test_build_ends_with_the_node(project: Path) -> None:
    async with building(project, "@touch started; sleep 600"):
        await until_written(project / "started")
        running = BuildStateReader(state_file(project)).read()
        assert running is not None
        assert running.phase is BuildPhase.RUNNING
    unfinished = BuildState(phase=BuildPhase.FAILED, reason="The build ended without a result.")
    while BuildStateReader(state_file(project)).read() != unfinished:  # its last process is ending
        await asyncio.sleep(0.01)
    assert not list((project / "run").iterdir())
