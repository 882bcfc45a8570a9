"""Saves what single events say in groups: a transaction for ten events costs about as much as one for a single event.

An event is acknowledged once its group is committed, so that nothing is lost. Killmails of a group are saved before its
battles, so that a battle does not miss a killmail that came at the same moment.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, Generic, TypeVar

from battlescope_events.errors import PermanentError
from battlescope_schemas.battle import BattleEnded
from search_index.domain.battle import BattleState
from search_index.domain.killmail import IncomingKillmail

GROUPING_SECONDS: Final = 0.25
"""How long an event waits for others: with 20 killmails a second five share a transaction. Documents take longer."""
ItemT = TypeVar("ItemT")
Save = Callable[[Sequence[ItemT]], Awaitable[None]]
"""Saves all items, in any order, or raises."""


class _Kind(Generic[ItemT]):
    """What events of one kind say, until their group is closed."""

    def __init__(self, save: Save[ItemT]) -> None:
        self.save = save
        self._items: list[ItemT] = []

    def add(self, item: ItemT) -> None:
        self._items.append(item)

    def close_group(self) -> Callable[[], Awaitable[None]]:
        """What saves the items so far; later ones are of the next group."""
        items, self._items = self._items, []

        async def save_group() -> None:
            if items:
                await self.save(items)

        return save_group


class GroupedSaves:
    """Its methods return after the commit. They raise `TransientError`, and `PermanentError` for a refused event."""

    def __init__(
        self,
        save_killmails: Save[IncomingKillmail],
        save_battles: Save[BattleState],
        end_battles: Save[BattleEnded],
        *,
        seconds: float = GROUPING_SECONDS,
    ) -> None:
        self._killmails, self._battles, self._ends = _Kind(save_killmails), _Kind(save_battles), _Kind(end_battles)
        self._seconds = seconds
        self._open: asyncio.Task[None] | None = None

    async def save_killmail(self, killmail: IncomingKillmail) -> None:
        await self._save(self._killmails, killmail)

    async def save_battle(self, battle: BattleState) -> None:
        await self._save(self._battles, battle)

    async def end_battle(self, end: BattleEnded) -> None:
        await self._save(self._ends, end)

    async def _save(self, kind: _Kind[ItemT], item: ItemT) -> None:
        kind.add(item)
        if self._open is None:
            self._open = asyncio.create_task(self._save_later(), name="group of events")
        try:
            await asyncio.shield(self._open)  # other events wait for it, too
        except PermanentError:
            await kind.save([item])

    async def _save_later(self) -> None:
        await asyncio.sleep(self._seconds)
        self._open = None
        kinds = (self._killmails, self._battles, self._ends)
        for save_group in [kind.close_group() for kind in kinds]:
            await save_group()
