"""The suite's pytest plugin: servers shared by the whole run, databases cloned from templates, marks and groups.

Registered once, by the conftest.py at the root. This module imports nothing of the project, so that pytest-cov, which
starts in a worker of pytest-xdist only at the session's start, measures every line of it.
"""

from typing import TYPE_CHECKING, Any, Final

import hypothesis
import pytest

if TYPE_CHECKING:
    from battlescope_local.testing.scheduling import ModuleScheduling
    from battlescope_local.testing.sharing import Office

FIXTURES: Final = "battlescope_local.testing.fixtures"
ADDRESS: Final = "battlescope_servers"  # the key of a worker's input under which it finds the servers of the run
OFFICE: "pytest.StashKey[Office]" = pytest.StashKey()
# The fixture that brings a server, and the mark of every test that uses it, directly or through other fixtures.
MARKS: Final = {"databases": "postgres", "postgres": "postgres", "valkey_server": "stores", "s3": "stores"}
OWN_SERVERS: Final = "nobodys_folder"  # known by this fixture, tests that start servers do not run side by side


def pytest_configure() -> None:
    """A busy machine makes no property false, so Hypothesis watches no clock."""
    slow = [hypothesis.HealthCheck.too_slow]
    hypothesis.settings.register_profile("suite", deadline=None, suppress_health_check=slow)
    hypothesis.settings.load_profile("suite")


@pytest.hookimpl(trylast=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    session.config.pluginmanager.import_plugin(FIXTURES)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Give a worker of pytest-xdist the address at which the controller answers."""
    from battlescope_local.testing.sharing import Office  # noqa: PLC0415 -- only a controller has one

    config: pytest.Config = node.config
    if OFFICE not in config.stash:
        config.stash[OFFICE] = Office()
    node.workerinput[ADDRESS] = config.stash[OFFICE].address


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop the shared servers, also after a failure or Ctrl-C."""
    if OFFICE in config.stash:
        config.stash[OFFICE].close()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> "ModuleScheduling | None":
    if config.getoption("dist") != "loadgroup":
        return None
    from battlescope_local.testing.scheduling import ModuleScheduling  # noqa: PLC0415 -- only a controller has one

    return ModuleScheduling(config, log, config.stash[OFFICE].alone)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark each test by the servers that it uses; what one worker has to do alone takes longest and comes first."""
    for item in items:
        names = _fixtures(item)
        for mark in sorted({mark for fixture, mark in MARKS.items() if fixture in names}):
            item.add_marker(mark)
    items.sort(key=lambda item: not _starts_servers(item))
    given: dict[str, Any] | None = getattr(config, "workerinput", None)
    if given is not None:
        from battlescope_local.testing.sharing import SharedServers  # noqa: PLC0415 -- only a worker needs it

        SharedServers(given[ADDRESS]).announce([item.nodeid for item in items if _starts_servers(item)])


def _starts_servers(item: pytest.Item) -> bool:
    return item.get_closest_marker("e2e") is not None or OWN_SERVERS in _fixtures(item)


def _fixtures(item: pytest.Item) -> set[str]:
    return set[str](getattr(item, "fixturenames", ()))
