"""Saves what single events say in groups: a transaction for ten events costs about as much as one for a single event.

An event is acknowledged once its group is committed, so that nothing is lost. Killmails of a group are saved before its
battles, so that a battle does not miss a killmail that came at the same moment.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from battlescope_events.errors import PermanentError
from battlescope_schemas.battle import BattleEnded
from search_index.domain.battle import BattleState
from search_index.domain.killmail import IncomingKillmail

GROUPING_SECONDS: Final = 0.25
"""How long an event waits for others: with 20 killmails a second five share a transaction. Documents take longer."""


@dataclass(slots=True)
class _Group:
    killmails: list[IncomingKillmail] = field(default_factory=list[IncomingKillmail])
    battles: list[BattleState] = field(default_factory=list[BattleState])
    ends: list[BattleEnded] = field(default_factory=list[BattleEnded])


class GroupedSaves:
    def __init__(
        self,
        save_killmails: Callable[[Sequence[IncomingKillmail]], Awaitable[None]],
        save_battles: Callable[[Sequence[BattleState]], Awaitable[None]],
        end_battles: Callable[[Sequence[BattleEnded]], Awaitable[None]],
        *,
        seconds: float = GROUPING_SECONDS,
    ) -> None:
        """Each function saves all that it is given, in any order, or raises."""
        self._save_killmails = save_killmails
        self._save_battles = save_battles
        self._end_battles = end_battles
        self._seconds = seconds
        self._open: _Group | None = None
        self._saving: asyncio.Task[None] | None = None

    async def save_killmail(self, killmail: IncomingKillmail) -> None:
        """Returns after the commit. Raises `TransientError`, and `PermanentError` if this killmail is refused."""
        group, saving = self._current()
        group.killmails.append(killmail)
        try:
            await asyncio.shield(saving)  # other events wait for it, too
        except PermanentError:
            await self._save_killmails([killmail])

    async def save_battle(self, battle: BattleState) -> None:
        """As `save_killmail`."""
        group, saving = self._current()
        group.battles.append(battle)
        try:
            await asyncio.shield(saving)
        except PermanentError:
            await self._save_battles([battle])

    async def end_battle(self, end: BattleEnded) -> None:
        """As `save_killmail`."""
        group, saving = self._current()
        group.ends.append(end)
        try:
            await asyncio.shield(saving)
        except PermanentError:
            await self._end_battles([end])

    def _current(self) -> tuple[_Group, asyncio.Task[None]]:
        """The group that is open, and the task that saves it."""
        if self._open is None or self._saving is None:
            self._open = _Group()
            self._saving = asyncio.create_task(self._save_later(self._open), name="group of events")
        return self._open, self._saving

    async def _save_later(self, group: _Group) -> None:
        await asyncio.sleep(self._seconds)
        self._open = None
        if group.killmails:
            await self._save_killmails(group.killmails)
        if group.battles:
            await self._save_battles(group.battles)
        if group.ends:
            await self._end_battles(group.ends)
