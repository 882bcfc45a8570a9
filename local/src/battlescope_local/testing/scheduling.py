"""Schedules tests on workers of pytest-xdist: whole modules, and the tests of a group on one worker.

pytest-xdist 3.8 has `loadgroup` for this, which writes a group into a test's id. pytest 9.2 stores that id elsewhere,
so that every test would be a group of its own, and both workers would create the fixtures of a module.
"""

from collections.abc import Mapping

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling


class ModuleScheduling(LoadScopeScheduling):
    def __init__(self, config: pytest.Config, log: Producer, groups: Mapping[str, str]) -> None:
        """groups: by the id of a test; workers add theirs before they get tests."""
        super().__init__(config, log)
        self._groups = groups

    def _split_scope(self, nodeid: str) -> str:
        return self._groups.get(nodeid) or nodeid.partition("::")[0]
