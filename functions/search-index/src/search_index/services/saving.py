"""Saves killmails and battles in transactions of a bounded size: each once, as of its latest state, in one order."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from battlescope_schemas.battle import BattleEnded
from search_index.domain import battle as battles
from search_index.domain import killmail as killmails
from search_index.domain.battle import BattleState
from search_index.domain.killmail import IncomingKillmail
from search_index.persistence.battles import BattleRepository
from search_index.persistence.killmails import KillmailRepository

KILLMAILS_PER_TRANSACTION: Final = 1000
BATTLES_PER_TRANSACTION: Final = 200
"""Rows of a batch in a transaction, which takes a fraction of a second."""


@dataclass(frozen=True, slots=True)
class Saver:
    killmails: KillmailRepository
    battles: BattleRepository

    async def save_killmails(self, incoming: Iterable[IncomingKillmail]) -> None:
        ordered = list(killmails.latest_of_each(incoming))
        for start in range(0, len(ordered), KILLMAILS_PER_TRANSACTION):
            await self.killmails.save(ordered[start : start + KILLMAILS_PER_TRANSACTION])

    async def save_battles(self, states: Iterable[BattleState]) -> None:
        ordered = battles.latest_of_each(states)
        for start in range(0, len(ordered), BATTLES_PER_TRANSACTION):
            await self.battles.save(ordered[start : start + BATTLES_PER_TRANSACTION])

    async def end_battles(self, ends: Iterable[BattleEnded]) -> None:
        newest: dict[str, int] = {}
        for end in ends:
            newest[end.battle_id] = max(end.revision, newest.get(end.battle_id, 0))
        await self.battles.end({battle_id: newest[battle_id] for battle_id in sorted(newest)})
