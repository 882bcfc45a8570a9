"""Which worker of pytest-xdist runs what: a module at a time, and one worker for all that starts servers of its own.

pytest-xdist 3.8 has `loadgroup` for this, which writes a group into a test's id; pytest 9.2 keeps that id elsewhere,
so that without us every test would be a group of its own, and a module's fixtures would be made by both workers.
"""

from collections.abc import Set as AbstractSet

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

MACHINE = "machine"


class ModuleScheduling(LoadScopeScheduling):
    def __init__(self, config: pytest.Config, log: Producer, alone: AbstractSet[str]) -> None:
        """`alone`: ids of the tests that may not run beside each other; workers add to it before they are scheduled."""
        super().__init__(config, log)
        self._alone = alone

    def _split_scope(self, nodeid: str) -> str:
        return MACHINE if nodeid in self._alone else nodeid.partition("::")[0]
