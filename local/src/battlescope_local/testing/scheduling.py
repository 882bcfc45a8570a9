"""Schedules tests on workers of pytest-xdist: whole modules, and all serial tests on one worker.

pytest-xdist 3.8 has `loadgroup` for this, which writes a group into a test's id. pytest 9.2 stores that id elsewhere,
so that every test would be a group of its own, and both workers would create the fixtures of a module.
"""

from collections.abc import Set as AbstractSet

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

SERIAL_GROUP = "machine"


class ModuleScheduling(LoadScopeScheduling):
    def __init__(self, config: pytest.Config, log: Producer, serial_tests: AbstractSet[str]) -> None:
        """`alone`: ids of tests that must not run in parallel; workers add them before they get tests."""
        super().__init__(config, log)
        self._serial_tests = serial_tests

    def _split_scope(self, nodeid: str) -> str:
        return SERIAL_GROUP if nodeid in self._serial_tests else nodeid.partition("::")[0]
