import asyncio

import pytest

from battle_cluster.handlers import suggestions
from battle_cluster.handlers.suggestions import SplitSuggester
from battle_cluster.persistence.unit_of_work import Database


async def test_battles_that_end_together_are_suggested_in_two_runs(
    store: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first run may have begun before some of them ended; one more finds these."""
    process_batch, begun = suggestions._process_batch, list[Database]()

    async def counted(database: Database) -> int:
        begun.append(database)
        return await process_batch(database)

    monkeypatch.setattr(suggestions, "_process_batch", counted)
    suggester = SplitSuggester(store)
    await asyncio.gather(*(suggester.run() for _ in range(20)))
    assert len(begun) == 2
    await suggester.run()
    assert len(begun) == 3
