"""Names of characters, corporations, alliances and factions, and how long a name stays usable."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from battlescope_schemas.entity import EntityType

FRESH_SECONDS: Final = 24 * 3600.0  # an older name is still used, but refreshed
USABLE_SECONDS: Final = 7 * 24 * 3600.0  # an older name is not used: a week of refreshes has failed
# Until November 2010 entities of all kinds got ids from this range. An id from any other range shows its kind, so when
# a batch contains an unknown id, these ids are suspected first.
_AMBIGUOUS_IDS: Final = range(100_000_000, 2_100_000_000)


@dataclass(frozen=True, slots=True)
class Name:
    """The latest response of ESI about an entity. `name` is None where the game knows no such entity.

    Times are Unix times in seconds.
    """

    entity_id: int
    entity_type: EntityType | None
    name: str | None
    fetched_at: float

    def is_fresh(self, now: float) -> bool:
        return now - self.fetched_at < FRESH_SECONDS

    def is_usable(self, now: float) -> bool:
        return now - self.fetched_at < USABLE_SECONDS


@dataclass(frozen=True, slots=True)
class ResolvedNames:
    """Names by entity id, ids that could not be resolved in time, and ids whose name needs a refresh."""

    names: Mapping[int, str]
    missing_ids: tuple[int, ...] = ()
    stale_ids: tuple[int, ...] = ()


def is_ambiguous_id(entity_id: int) -> bool:
    """Whether the id does not show which kind of entity it belongs to."""
    return entity_id in _AMBIGUOUS_IDS
