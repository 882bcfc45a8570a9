"""Regions are read once a minute, and an empty index is asked again."""

from collections.abc import Sequence
from typing import Any

from search_api.services.kept_regions import KEPT_SECONDS, KeptRegions


class Engine:
    """What of an engine is used here: it counts how often it is asked."""

    def __init__(self) -> None:
        self.found: Sequence[tuple[int, str]] = ()
        self.asked = 0

    async def regions(self) -> Sequence[tuple[int, str]]:
        self.asked += 1
        return self.found


async def test_regions_are_read_again_after_a_minute() -> None:
    engine, seconds = Engine(), [1000.0]
    uncast: Any = engine
    kept = KeptRegions(uncast, lambda: seconds[0])
    assert await kept.current() == ()
    engine.found = [(10000060, "Delve")]
    assert await kept.current() == [(10000060, "Delve")]
    engine.found = [(10000060, "Delve"), (10000014, "Catch")]
    seconds[0] += KEPT_SECONDS - 1
    assert await kept.current() == [(10000060, "Delve")]
    seconds[0] += 1
    assert await kept.current() == engine.found
    assert engine.asked == 3
