"""What search keeps of a killmail: who was on it, where it was, and what it is worth."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple

from battlescope_schemas.entity import is_npc_participant, is_player_entity
from search_index.domain.entity_key import EntityKey


class Pilot(NamedTuple):
    """One participant, or a structure without a character. Ids of NPCs are None."""

    character_id: int | None
    corporation_id: int | None
    alliance_id: int | None
    ship_type_id: int | None


class Killmail(NamedTuple):
    """A row of `killmails`. victim: the hull that was lost is its ship. attackers: without NPCs.

    value: ISK, None while unknown. Of two states of a killmail the one with the higher `order` counts.
    """

    killmail_id: int
    killmail_time: datetime
    system_id: int
    victim: Pilot
    attackers: tuple[Pilot, ...]
    attacker_count: int
    value: Decimal | None
    is_npc: bool
    is_solo: bool
    value_revision: int
    valuation_revision: int

    @property
    def order(self) -> tuple[int, int]:
        return self.value_revision, self.valuation_revision


class SolarSystem(NamedTuple):
    """A row of `solar_systems`."""

    system_id: int
    system_name: str
    constellation_id: int
    constellation_name: str | None
    region_id: int
    region_name: str
    security_type: str
    security_status: float
    wormhole_class: int | None
    system_effect: str | None


class ShipType(NamedTuple):
    """A row of `ship_types`; None where the killmail says nothing about it."""

    ship_type_id: int
    ship_type_name: str
    ship_group_id: int | None
    ship_group_name: str | None
    hull_class: str | None

    @property
    def is_complete(self) -> bool:
        """Whether it comes from a lost ship: of an attacker's the name and category of the group are not known."""
        return self.ship_group_name is not None


class IncomingKillmail(NamedTuple):
    """A consumed killmail with the facts that come with it, and the names of characters, corporations and alliances."""

    killmail: Killmail
    names: Mapping[EntityKey, str]
    system: SolarSystem
    ship_types: Collection[ShipType]


@lru_cache(maxsize=16_384)  # a fleet is on many killmails
def pilot(
    character_id: int | None, corporation_id: int | None, alliance_id: int | None, ship_type_id: int | None
) -> Pilot | None:
    """The participant; None for an NPC. A player in an NPC corporation is one without a corporation."""
    if is_npc_participant(character_id, corporation_id, alliance_id):
        return None
    return Pilot(
        character_id or None,
        corporation_id if is_player_entity(corporation_id) else None,
        alliance_id if is_player_entity(alliance_id) else None,
        ship_type_id or None,
    )


def latest_of_each(incoming: Iterable[IncomingKillmail]) -> Iterator[IncomingKillmail]:
    """Each killmail once, in its highest order; sorted by id, so that writers lock rows in one order."""
    ordered = sorted(incoming, key=lambda entry: (entry.killmail.killmail_id, entry.killmail.order))
    yield from {entry.killmail.killmail_id: entry for entry in ordered}.values()
