"""Which killmails are in a battle, as one event about it says; of several words about a battle the newest counts."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from battlescope_schemas.battle import BattleCreated, BattleDeleted

UNSTATED: Final = 0  # the revision of a deletion that states none: the last word about its battle, whenever it comes


@dataclass(frozen=True, slots=True)
class BattleMembership:
    """These killmails, and no others, are in the battle as of this revision; none where the battle is gone."""

    battle_id: str
    revision: int
    killmail_ids: Collection[int] = ()

    def is_outdated_by(self, other: "BattleMembership") -> bool:
        return self.revision != UNSTATED and (other.revision == UNSTATED or self.revision < other.revision)


def placing(word: BattleCreated | BattleDeleted) -> BattleMembership:
    """Each word of a battle names all its killmails, so one alone is enough."""
    killmail_ids = word.killmail_ids if isinstance(word, BattleCreated) else ()
    return BattleMembership(word.battle_id, word.revision, killmail_ids)


def keep_latest_revision(known: dict[str, BattleMembership], heard: BattleMembership) -> None:
    before = known.get(heard.battle_id)
    if before is None or before.is_outdated_by(heard):
        known[heard.battle_id] = heard
