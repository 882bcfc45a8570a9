"""Whatever fails while an instance or a store starts, it is started again: nothing stays at zero for ever."""

import asyncio
import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from echo_project import APP, write_app

from battlescope_local.manifests.model import Container, Scale, Service
from battlescope_local.processes import children
from battlescope_local.processes.children import Child, Command, Processes
from battlescope_local.processes.sockets import prepare_socket_folder
from battlescope_local.serving import instances, revision
from battlescope_local.serving.instances import Instance, Launcher, StartError
from battlescope_local.serving.revision import start_revision
from battlescope_local.stores.supervisor import SupervisedProcess

NO_DESCRIPTORS = OSError(errno.EMFILE, os.strerror(errno.EMFILE))
# Each step of a start of an instance, as (module, name): the first call of each raises.
STEPS = (
    (instances, "open_session"),
    (children, "_rotate"),
    (children, "_write_pid_file"),
    (asyncio, "create_subprocess_exec"),
)
ERRORS = (NO_DESCRIPTORS, MemoryError("no memory"), RuntimeError("something that nobody expected"))


def failing_once(function: Callable[..., object], error: BaseException) -> Callable[..., object]:
    errors = [error]

    def call(*args: object, **kwargs: object) -> object:
        if errors:
            raise errors.pop()
        return function(*args, **kwargs)

    return call


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize(("module", "name"), STEPS, ids=lambda value: getattr(value, "__name__", value))
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
async def test_instance_is_started_again_after_any_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, module: object, name: str, error: Exception
) -> None:
    monkeypatch.setattr(module, name, failing_once(getattr(module, name), error))
    monkeypatch.setattr(revision, "RESTART_PAUSE", 0.05)
    write_app(tmp_path)
    service = Service("echo-api", Container("image", readiness_path="/ready"), Scale())
    processes = Processes(tmp_path / "run", tmp_path / "logs")
    env = {"PATH": os.environ["PATH"], "PYTHONPATH": str(tmp_path)}
    launcher = Launcher(service, processes, tmp_path, prepare_socket_folder(tmp_path), env)
    async with start_revision(service, launcher) as running:
        first = await running.deliver("/echo", {}, b"x")
        assert first.status == 503
        assert running.status().instances == 0
        second = first
        async with asyncio.timeout(60):
            while second.status == 503:
                await asyncio.sleep(0.05)
                second = await running.deliver("/echo", {}, b"x")
        assert (second.status, second.body) == (200, b"x")
        assert running.status().start_failure == ""
    assert list((tmp_path / "run").iterdir()) == []


SLOW_APP = "import time\ntime.sleep(1.5)\n" + APP


async def test_start_that_exceeds_its_limit_gets_twice_the_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No fixed number of attempts: on a busy machine the import takes longer."""
    monkeypatch.setattr(instances, "START_LIMIT", 0.2)
    write_app(tmp_path, text=SLOW_APP)
    service = Service("echo-api", Container("image", readiness_path="/ready"), Scale())
    processes = Processes(tmp_path / "run", tmp_path / "logs")
    sockets = prepare_socket_folder(tmp_path)
    env = {"PATH": os.environ["PATH"], "PYTHONPATH": str(tmp_path)}
    launcher = Launcher(service, processes, tmp_path, sockets, env)
    limits: list[str] = []
    instance = Instance()
    while not instance.ready:
        try:
            await launcher.start(instance)
        except StartError as error:
            limits.append(str(error))
            assert list(sockets.iterdir()) == []
            instance = Instance()
    assert limits[:3] == [f"echo-api is not ready after {seconds} s." for seconds in ("0.2", "0.4", "0.8")]
    assert len(list(sockets.iterdir())) == 1
    await launcher.stop(instance)
    assert list(sockets.iterdir()) == []


async def test_refused_settings_stay_the_reason_until_a_start_succeeds(tmp_path: Path) -> None:
    service = Service("battle-close", Container("image", readiness_path="/health/readiness"), Scale())
    processes = Processes(tmp_path / "run", tmp_path / "logs")
    env = {"PATH": os.environ["PATH"], "DATABASE_URL": "postgresql://host/name", "K_SINK": "http://sink"}
    launcher = Launcher(service, processes, tmp_path, prepare_socket_folder(tmp_path), env)
    reason = "battle-close refuses its settings; CRITICAL: FEED_DELAY_SECONDS is missing."
    async with start_revision(service, launcher) as running:
        assert running.status().start_failure == ""
        answer = await running.deliver("/", {}, b"")
        assert (answer.status, answer.body.decode()) == (503, reason)
        assert running.status().start_failure == reason
        assert (await running.deliver("/", {}, b"")).status == 503
        assert running.status().start_failure == reason


@pytest.mark.parametrize("failing_start", [0, 1], ids=["first start", "restart"])
async def test_store_is_started_again_without_descriptors(tmp_path: Path, failing_start: int) -> None:
    class Unlucky(Processes):
        starts = 0

        async def start(self, command: Command) -> Child:
            self.starts += 1
            if self.starts == failing_start + 1:
                raise NO_DESCRIPTORS
            return await super().start(command)

    async def probe() -> bool:
        return True

    processes = Unlucky(tmp_path / "run", tmp_path / "logs")
    server = SupervisedProcess(processes, Command("sleeper", ("sleep", "600"), tmp_path), probe)
    keeper = await server.start()
    assert server.child is not None
    first = server.child.pid
    await kill_and_wait(server, first)
    assert server.state == "ready"
    assert not keeper.done()
    keeper.cancel()
    await asyncio.gather(keeper, return_exceptions=True)
    await server.stop()


async def kill_and_wait(server: SupervisedProcess, pid: int) -> None:
    os.kill(pid, 9)
    async with asyncio.timeout(60):
        while server.child is None or server.child.pid == pid or server.state != "ready":
            await asyncio.sleep(0.01)
