"""The killmails of a battle as of one revision. Of several revisions of a battle the latest counts."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from battlescope_schemas.battle import BattleCreated, BattleDeleted

NO_REVISION: Final = 0  # a deletion without a revision is final, in whichever order the events arrive


@dataclass(frozen=True, slots=True)
class BattleMembership:
    """Exactly these killmails belong to the battle as of this revision; a deleted battle has none."""

    battle_id: str
    revision: int
    killmail_ids: Collection[int] = ()

    def is_superseded_by(self, other: "BattleMembership") -> bool:
        return self.revision != NO_REVISION and (other.revision == NO_REVISION or self.revision < other.revision)


def membership_of(payload: BattleCreated | BattleDeleted) -> BattleMembership:
    """Each event of a battle lists all its killmails, so one event is enough."""
    killmail_ids = payload.killmail_ids if isinstance(payload, BattleCreated) else ()
    return BattleMembership(payload.battle_id, payload.revision, killmail_ids)


def keep_latest_revision(latest: dict[str, BattleMembership], membership: BattleMembership) -> None:
    """Add the membership to `latest` (by battle id), unless the same or a later revision is there."""
    current = latest.get(membership.battle_id)
    if current is None or current.is_superseded_by(membership):
        latest[membership.battle_id] = membership
