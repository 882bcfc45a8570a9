"""Names of characters, corporations, alliances and factions: who is mentioned, and how long a name may be trusted."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from battlescope_schemas.entity import EntityType
from battlescope_schemas.killmail import Killmail

SOFT_SECONDS: Final = 24 * 3600.0  # after a day a name is still used, and asked for anew
HARD_SECONDS: Final = 7 * 24 * 3600.0  # after a week without an answer it is no longer used
LARGEST_ID: Final = 2**31 - 1  # entities have 32-bit ids; ESI refuses a whole question that holds a larger one
# Given to all kinds of entities until November 2010. In every other range an id tells by itself what it is, so where
# one of many is nobody's, it is looked for here first.
_MIXED: Final = range(100_000_000, 2_100_000_000)


@dataclass(frozen=True, slots=True)
class Name:
    """What was last heard of an entity. No name means that the game knows no such entity."""

    entity_id: int
    entity_type: EntityType | None
    name: str | None
    fetched_at: float

    def is_fresh(self, now: float) -> bool:
        return now - self.fetched_at < SOFT_SECONDS

    def is_usable(self, now: float) -> bool:
        return now - self.fetched_at < HARD_SECONDS


@dataclass(frozen=True, slots=True)
class Named:
    """The answer for one mail: names at hand, ids nobody could name in time, and ids whose name wants a refresh."""

    names: Mapping[int, str]
    missing: tuple[int, ...] = ()
    stale: tuple[int, ...] = ()


def entity_ids(killmail: Killmail) -> frozenset[int]:
    """Ids of everybody on the mail who can have a name."""
    parties = (killmail.victim, *killmail.attackers)
    ids: set[int | None] = set()
    for party in parties:
        ids.update((party.character_id, party.corporation_id, party.alliance_id, party.faction_id))
    return frozenset(entity_id for entity_id in ids if entity_id)


def is_ambiguous_id(entity_id: int) -> bool:
    """Whether the number alone does not even tell what kind of entity it is."""
    return entity_id in _MIXED
