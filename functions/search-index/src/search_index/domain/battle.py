"""A battle as of one revision of its events. Of several revisions the latest counts, in whichever order they arrive."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Final

from battlescope_schemas.battle import BattleCreated, BattleDeleted

NO_REVISION: Final = 0
"""A deletion without a revision is final."""


@dataclass(frozen=True, slots=True)
class BattleState:
    """state: what its event says; None for a deleted battle, which has no killmails. merged_into: of a deleted one."""

    battle_id: str
    revision: int
    state: BattleCreated | None
    killmail_ids: Collection[int] = ()
    merged_into: str | None = None

    @property
    def is_final(self) -> bool:
        return self.state is None and self.revision == NO_REVISION

    def is_superseded_by(self, other: "BattleState") -> bool:
        return not self.is_final and (other.is_final or self.revision < other.revision)


def state_of(payload: BattleCreated | BattleDeleted) -> BattleState:
    if isinstance(payload, BattleDeleted):
        return BattleState(payload.battle_id, payload.revision, None, merged_into=payload.merged_into)
    return BattleState(payload.battle_id, payload.revision, payload, payload.killmail_ids)


def latest_of_each(states: Iterable[BattleState]) -> list[BattleState]:
    """Each battle once, as of its latest revision; sorted by id, so that writers lock rows in one order."""
    latest: dict[str, BattleState] = {}
    for state in states:
        current = latest.get(state.battle_id)
        if current is None or current.is_superseded_by(state):
            latest[state.battle_id] = state
    return [latest[battle_id] for battle_id in sorted(latest)]
