"""The pytest plugin of the suite: servers shared by the whole run, databases cloned from templates, marks and groups.

The root conftest.py registers it. This module imports nothing of the project, so that pytest-cov, which starts in a
worker of pytest-xdist only with the session, measures every line of the project.
"""

import gc
import signal
import sys
from collections.abc import Generator
from contextlib import contextmanager
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final

import hypothesis
import pytest

if TYPE_CHECKING:
    from battlescope_local.testing.scheduling import ModuleScheduling
    from battlescope_local.testing.sharing import ServerHost

PROJECT: Final = Path(__file__).parents[4]
FIXTURES: Final = "battlescope_local.testing.fixtures"
ADDRESS_KEY: Final = "battlescope_servers"  # key of the servers' address in the input of a worker
SERVER_HOST: "pytest.StashKey[ServerHost]" = pytest.StashKey()
# Fixtures of servers, and the mark of every test that uses them, directly or through other fixtures.
MARKS: Final = {"databases": "postgres", "postgres": "postgres", "valkey_server": "stores", "s3": "stores"}
OWN_SERVERS: Final = "nobodys_folder"  # tests with this fixture start servers, so that they do not run in parallel
SERIAL_GROUP: Final = "machine"
MEASURED_SECONDS: Final = 0.5
GROUP_MARK: Final = "group"


def pytest_configure() -> None:
    """Disable the deadlines of Hypothesis, because a busy machine makes no property false."""
    suppressed = [hypothesis.HealthCheck.too_slow]
    hypothesis.settings.register_profile("suite", deadline=None, suppress_health_check=suppressed)
    hypothesis.settings.load_profile("suite")


@pytest.hookimpl(trylast=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    session.config.pluginmanager.import_plugin(FIXTURES)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Pass the address of the controller's servers to a worker of pytest-xdist."""
    from battlescope_local.testing.sharing import ServerHost  # noqa: PLC0415  # only a controller has one

    config: pytest.Config = node.config
    if SERVER_HOST not in config.stash:
        config.stash[SERVER_HOST] = ServerHost()
    node.workerinput[ADDRESS_KEY] = config.stash[SERVER_HOST].address


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop the shared servers, also after a failure or Ctrl-C."""
    if SERVER_HOST in config.stash:
        config.stash[SERVER_HOST].close()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> "ModuleScheduling | None":
    if config.getoption("dist") != "loadgroup":
        return None
    from battlescope_local.testing.scheduling import ModuleScheduling  # noqa: PLC0415  # only a controller has one

    return ModuleScheduling(config, log, config.stash[SERVER_HOST].groups)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Leave out garbage collections while tests are collected, and what is alive then of all later ones.

    Half a million objects of modules and tests stay until the end; every worker would go through them again and again.
    """
    gc.disable()
    try:
        with _only_imports_are_measured():
            return (yield)
    finally:
        gc.enable()
        gc.collect()
        gc.freeze()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark each test by the servers that it uses; serial tests come first, because they take longest."""
    for item in items:
        names = _fixtures(item)
        for mark in sorted({mark for fixture, mark in MARKS.items() if fixture in names}):
            item.add_marker(mark)
    items.sort(key=lambda item: not _starts_servers(item))
    worker_input: dict[str, Any] | None = getattr(config, "workerinput", None)
    if worker_input is not None:
        from battlescope_local.testing.sharing import SharedServers  # noqa: PLC0415  # only a worker needs it

        servers = SharedServers(worker_input[ADDRESS_KEY])
        for group in sorted({name for item in items if (name := _group(item))}):
            servers.register_group(group, [item.nodeid for item in items if _group(item) == group])


@contextmanager
def _only_imports_are_measured() -> Generator[None]:
    """Measure the lines of the project's modules as they are imported, and nothing else that collects tests.

    Measuring would take two thirds of the time of collecting: it slows the imports of libraries and the rewriting of
    the tests' asserts, of which no line counts.
    """
    tracer = sys.gettrace()
    if not _is_of_coverage(tracer):
        yield
        return
    import_module = SourceFileLoader.exec_module

    def exec_module(self: SourceFileLoader, module: ModuleType) -> None:
        outside = sys.gettrace()
        sys.settrace(tracer if Path(self.path).is_relative_to(PROJECT) and "/src/" in self.path else None)
        try:
            import_module(self, module)
        finally:
            sys.settrace(outside)

    SourceFileLoader.exec_module = exec_module
    sys.settrace(None)
    try:
        yield
    finally:
        sys.settrace(tracer)
        SourceFileLoader.exec_module = import_module


def _is_of_coverage(tracer: object) -> bool:
    return type(tracer).__module__.startswith("coverage")


@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_runtest_call() -> Generator[None]:
    """Measure the lines of a test's first half second of CPU.

    Measuring more than doubles the time of pure code, and what runs longer is a property, a simulation or a real day:
    the same lines again. The mark `no_cover` of pytest-cov has no effect in a worker of pytest-xdist: pytest-cov 7.1
    starts two measurements there, and the mark pauses one of them.
    """
    tracer = sys.gettrace()
    if not _is_of_coverage(tracer):
        return (yield)
    signal.signal(signal.SIGVTALRM, lambda _signal, _frame: sys.settrace(None))
    signal.setitimer(signal.ITIMER_VIRTUAL, MEASURED_SECONDS)
    try:
        return (yield)
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        sys.settrace(tracer)


def _group(item: pytest.Item) -> str | None:
    if _starts_servers(item):
        return SERIAL_GROUP
    mark = item.get_closest_marker(GROUP_MARK)
    return str(mark.args[0]) if mark else None


def _starts_servers(item: pytest.Item) -> bool:
    return item.get_closest_marker("e2e") is not None or OWN_SERVERS in _fixtures(item)


def _fixtures(item: pytest.Item) -> set[str]:
    return set[str](getattr(item, "fixturenames", ()))
