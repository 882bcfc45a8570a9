"""Who was in which battle, from the killmails that are new, or from all of them where the stored rows do not fit."""

from collections.abc import Sequence
from dataclasses import dataclass

from search_index.domain.participation import (
    NO_ROWS,
    EntityKey,
    Participation,
    counted_killmails,
    participations,
    with_more,
)
from search_index.domain.participation_changes import Participations
from search_index.persistence.index_step import IndexStep, Loaded
from search_index.persistence.participations import Member


@dataclass(frozen=True, slots=True)
class Counted:
    """The rows of battles. newly_counted: battle and killmail of those that the stored rows do not count.

    missing: how many killmails of each battle have not come.
    """

    rows: Participations
    newly_counted: Sequence[tuple[str, int]]
    missing: dict[str, int]


async def count(step: IndexStep, loaded: Loaded, *, is_whole: bool) -> Counted:
    """Count the killmails of the loaded battles. `is_whole`: all of them were loaded, and nothing stored is trusted.

    All killmails of a battle are counted again, too, where one that was counted left it, where its rows were written by
    a release that does not say what it counts, and where two killmails of one second say different things.
    """
    before = {state.battle_id: 0 if is_whole else state.counted_killmails for state in loaded.states}
    members, rows = dict(loaded.members), dict[str, dict[EntityKey, Participation]]()
    for battle_id, of_battle in loaded.members.items():
        stored = NO_ROWS if is_whole else loaded.participations.get(battle_id, NO_ROWS)
        if counted_killmails(stored) == before.get(battle_id, 0):
            together = with_more(stored, participations(member.killmail for member in of_battle))
            if together is not None:
                rows[battle_id] = together
    refused = [battle_id for battle_id in members if battle_id not in rows]
    if refused:
        members |= await step.load_all_members(refused)
        before |= dict.fromkeys(refused, 0)
        rows |= {battle_id: participations(member.killmail for member in members[battle_id]) for battle_id in refused}
    come = {battle_id: before.get(battle_id, 0) + len(of_battle) for battle_id, of_battle in members.items()}
    return Counted(
        rows,
        [(battle_id, member.killmail.killmail_id) for battle_id in members for member in _new(members[battle_id])],
        {state.battle_id: state.killmails - come[state.battle_id] for state in loaded.states},
    )


def _new(members: Sequence[Member]) -> list[Member]:
    return [member for member in members if not member.is_counted]
