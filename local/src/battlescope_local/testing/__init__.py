"""The suite's pytest plugin: servers shared by the whole run, databases cloned from templates, marks and groups.

Registered once, by the conftest.py at the root. This module imports nothing of the project, so that pytest-cov, which
starts in a worker of pytest-xdist only at the session's start, measures every line of it.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import hypothesis
import pytest

if TYPE_CHECKING:
    from battlescope_local.testing.sharing import Office

FIXTURES: Final = "battlescope_local.testing.fixtures"
ADDRESS: Final = "battlescope_servers"  # the key of a worker's input under which it finds the servers of the run
OFFICE: "pytest.StashKey[Office]" = pytest.StashKey()
# The fixture that brings a server, and the mark of every test that uses it, directly or through other fixtures.
MARKS: Final = {"databases": "postgres", "postgres": "postgres", "valkey_server": "stores", "s3": "stores"}
MACHINE: Final = "machine"  # the group of tests that start servers of their own, and so may not run side by side
OWN_SERVERS: Final = "nobodys_folder"  # the fixture by which they are known


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


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark each test by the servers that it uses, group tests for pytest-xdist, and put the long group first."""
    for item in items:
        names = set[str](getattr(item, "fixturenames", ()))
        for mark in sorted({mark for fixture, mark in MARKS.items() if fixture in names}):
            item.add_marker(mark)
        item.add_marker(pytest.mark.xdist_group(_group(item, names)))
    items.sort(key=lambda item: not _alone(item))


def _group(item: pytest.Item, names: set[str]) -> str:
    """Tests of one module stay together, because they share its fixtures."""
    if item.get_closest_marker("e2e") or OWN_SERVERS in names:
        return MACHINE
    return str(Path(item.location[0]).with_suffix(""))


def _alone(item: pytest.Item) -> bool:
    mark = item.get_closest_marker("xdist_group")
    return mark is not None and mark.args == (MACHINE,)
