"""Fixtures: one simulated feed for all tests, and the real killmails (tests skip where they are absent)."""

from pathlib import Path

import pytest

from battlescope_upstream.simulation.feed import SimulatedFeed, simulate_feed

SHARED = Path(__file__).parents[3].parent / "shared" / "data"


@pytest.fixture(scope="session")
def simulated_feed() -> SimulatedFeed:
    return simulate_feed(7)


@pytest.fixture(scope="session")
def shared() -> Path:
    if not SHARED.is_dir():
        pytest.skip("../shared/data is absent: real killmails are not part of the project")
    return SHARED
