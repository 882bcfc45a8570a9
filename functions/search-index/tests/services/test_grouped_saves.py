"""Events in flight together share a transaction, and the error of one is not that of the others."""

import asyncio
from collections.abc import Sequence
from itertools import chain

import pytest
from search_builders import battle, killmail

from battlescope_events.errors import PermanentError, TransientError
from battlescope_schemas.battle import BattleEnded
from search_index.domain.battle import BattleState, state_of
from search_index.domain.killmail import IncomingKillmail
from search_index.messaging.enriched_killmail import from_event
from search_index.services.grouped_saves import GroupedSaves


class Saved:
    """What was saved, one entry for each transaction; a killmail with the id `refused` fails for good."""

    def __init__(self, *, refused: int = 0) -> None:
        self.transactions: list[list[int | str]] = []
        self.refused = refused
        self.is_down = False

    async def killmails(self, incoming: Sequence[IncomingKillmail]) -> None:
        ids = [entry.killmail.killmail_id for entry in incoming]
        await asyncio.sleep(0)
        if self.is_down:
            raise TransientError("The search database does not answer.")
        if self.refused in ids:
            raise PermanentError("The search database cannot hold a value.")
        self.transactions.append(list(ids))

    async def battles(self, states: Sequence[BattleState]) -> None:
        await asyncio.sleep(0)
        self.transactions.append([state.battle_id for state in states])

    async def ends(self, ends: Sequence[BattleEnded]) -> None:
        await asyncio.sleep(0)
        self.transactions.append([f"end of {end.battle_id}" for end in ends])

    def groups(self) -> GroupedSaves:
        return GroupedSaves(self.killmails, self.battles, self.ends, seconds=0)


KILLMAILS = [from_event(killmail(number)) for number in (1, 2, 3)]
BATTLE = state_of(battle(1, 1, [1, 2]))
TOTALS = {"total_kills": 2, "total_isk_destroyed": 0, "participant_count": 2}
END = BattleEnded.model_validate(
    {"battle_id": BATTLE.battle_id, "revision": 1, "end_time": "2026-11-01T20:00:00Z", **TOTALS}
)


async def test_events_in_flight_share_transactions_killmails_first() -> None:
    saved = Saved()
    groups = saved.groups()
    await asyncio.gather(groups.end_battle(END), groups.save_battle(BATTLE), *map(groups.save_killmail, KILLMAILS))
    assert saved.transactions == [[1, 2, 3], [BATTLE.battle_id], [f"end of {BATTLE.battle_id}"]]


async def test_an_event_that_comes_while_a_group_is_saved_waits_for_the_next() -> None:
    saved = Saved()
    groups = saved.groups()
    first = asyncio.create_task(groups.save_killmail(KILLMAILS[0]))
    while not saved.transactions:
        await asyncio.sleep(0)
    await groups.save_killmail(KILLMAILS[1])
    await first
    assert saved.transactions == [[1], [2]]


async def test_a_refused_event_fails_alone() -> None:
    saved = Saved(refused=2)
    groups = saved.groups()
    ends = await asyncio.gather(
        groups.save_battle(BATTLE), *map(groups.save_killmail, KILLMAILS), return_exceptions=True
    )
    assert [type(end) for end in ends] == [type(None), type(None), PermanentError, type(None)]
    assert sorted(map(str, chain(*saved.transactions))) == sorted(["1", "3", BATTLE.battle_id])


async def test_no_event_is_acknowledged_while_the_database_is_away() -> None:
    saved = Saved()
    saved.is_down = True
    groups = saved.groups()
    ends = await asyncio.gather(
        groups.save_battle(BATTLE), *map(groups.save_killmail, KILLMAILS), return_exceptions=True
    )
    assert all(isinstance(end, TransientError) for end in ends)
    saved.is_down = False
    await groups.save_killmail(KILLMAILS[0])
    assert saved.transactions == [[1]]


async def test_a_request_that_is_cancelled_takes_no_other_with_it() -> None:
    saved = Saved()
    groups = saved.groups()
    cancelled = asyncio.create_task(groups.save_killmail(KILLMAILS[0]))
    other = asyncio.create_task(groups.save_killmail(KILLMAILS[1]))
    await asyncio.sleep(0)
    cancelled.cancel()
    await other
    with pytest.raises(asyncio.CancelledError):
        await cancelled
    assert saved.transactions == [[1, 2]]
