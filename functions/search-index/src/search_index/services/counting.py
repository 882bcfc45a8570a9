"""Who was in which battle, from the killmails that are new, or from all of them where the stored rows do not fit."""

from collections.abc import Sequence
from dataclasses import dataclass

from search_index.domain.entity_key import EntityKey
from search_index.domain.participation import NO_ROWS, Participation, participations, with_more
from search_index.domain.participation_changes import Participations
from search_index.persistence.index_step import IndexStep, Loaded


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

    All killmails of a battle are counted again, too, where none is marked as counted, as after one left it, and where
    two killmails of one second say different things.
    """
    trusted = {state.battle_id for state in loaded.states if state.is_counted and not is_whole}
    members, rows = dict(loaded.members), dict[str, dict[EntityKey, Participation]]()
    for battle_id, of_battle in loaded.members.items():
        stored = loaded.participations.get(battle_id, NO_ROWS) if battle_id in trusted else NO_ROWS
        together = with_more(stored, participations(of_battle.killmails))
        if together is not None:
            rows[battle_id] = together
    undecided = [battle_id for battle_id in members if battle_id not in rows]
    if undecided:
        members |= await step.load_all_members(undecided)
        rows |= {battle_id: participations(members[battle_id].killmails) for battle_id in undecided}
    return Counted(
        rows,
        [(battle_id, killmail_id) for battle_id in members for killmail_id in members[battle_id].uncounted_ids],
        {battle_id: of_battle.missing for battle_id, of_battle in members.items()},
    )
