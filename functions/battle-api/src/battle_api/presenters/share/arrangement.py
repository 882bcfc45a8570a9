"""Where the sides of a shared battle stand, as the web app arranges them (docs/appearance.md)."""

from collections.abc import Sequence
from dataclasses import dataclass

from battle_api.domain.list_rows import SideRow, TopPartyRow
from battle_api.domain.shares import SharedBattle
from battle_api.presenters.battle_list import side_role
from battle_api.schemas.battle_list import SideRole


@dataclass(frozen=True, slots=True)
class Arrangement:
    """The sides that face each other, and all others; `left` is None without sides, `right` with one side."""

    left: SideRow | None
    right: SideRow | None
    others: Sequence[SideRow]

    @property
    def facing(self) -> list[SideRow]:
        return [side for side in (self.left, self.right) if side is not None]

    @property
    def in_bar_order(self) -> list[SideRow]:
        return [side for side in (self.left, *self.others, self.right) if side is not None]


def arrange(shared: SharedBattle) -> Arrangement:
    """The first two main sides face each other; where there are fewer, the first of the other sides stand in."""
    main = main_sides(shared)
    left = next(iter([*main, *shared.sides]), None)
    right = next((side for side in [*main[1:], *shared.sides] if side is not left), None)
    return Arrangement(left, right, [side for side in shared.sides if side is not left and side is not right])


def main_sides(shared: SharedBattle) -> list[SideRow]:
    sides = [side for side in shared.sides if role_of_side(shared, side) is SideRole.MAIN]
    return sorted(sides, key=lambda side: side.side_id)


def role_of_side(shared: SharedBattle, side: SideRow) -> SideRole:
    party = party_of_side(shared, side.side_id)
    return side_role(party.role if party else None)


def party_of_side(shared: SharedBattle, side_id: int | None) -> TopPartyRow | None:
    """The party that gives the side its name."""
    return next((party for party in shared.top_parties if party.side_id == side_id), None)
