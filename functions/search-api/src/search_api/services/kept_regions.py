"""The regions of the engine, kept for a while: every search by a text reads all of them, and they hardly change."""

from collections.abc import Callable, Sequence
from typing import Final

from search_api.domain.engine import SearchEngine

KEPT_SECONDS: Final = 60.0
"""How late a region may be found whose first killmail has come."""


class KeptRegions:
    def __init__(self, engine: SearchEngine, monotonic: Callable[[], float]) -> None:
        self._engine, self._monotonic = engine, monotonic
        self._regions: Sequence[tuple[int, str]] = ()
        self._read_at = 0.0

    async def current(self) -> Sequence[tuple[int, str]]:
        """The ids and names of all regions. None at all is not kept: an index that is being filled has them soon.

        Raises:
            TransientError: the engine does not answer.
        """
        now = self._monotonic()
        if not self._regions or now - self._read_at >= KEPT_SECONDS:
            self._regions, self._read_at = await self._engine.regions(), now
        return self._regions
