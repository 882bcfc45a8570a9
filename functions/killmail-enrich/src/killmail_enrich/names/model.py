"""Names of characters, corporations, alliances and factions, and how long a name stays usable."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import inf
from typing import Final

from battlescope_schemas.entity import EntityType

FRESH_SECONDS: Final = 24 * 3600.0  # an older name is still used, but refreshed
# A pilot born today is known within the hour; who is unknown after a week hardly ever becomes known.
RETRY_SECONDS: Final = (300.0, 1800.0, 3600.0, 3 * 3600.0, 12 * 3600.0, *(24 * 3600.0,) * 6)
USABLE_SECONDS: Final = 7 * 24 * 3600.0  # an older name is not used: a week of refreshes has failed
# Until November 2010 entities of all kinds got ids from this range. An id from any other range shows its kind, so when
# a batch contains an unknown id, these ids are suspected first.
_AMBIGUOUS_IDS: Final = range(100_000_000, 2_100_000_000)


@dataclass(frozen=True, slots=True)
class Name:
    """The latest response of ESI about an entity. `name` is None while ESI has none.

    Times are Unix times in seconds. attempts: responses without a name since the last name; 0 for a named entity.
    """

    entity_id: int
    entity_type: EntityType | None
    name: str | None
    fetched_at: float
    attempts: int = 0

    @property
    def retry_at(self) -> float | None:
        """When to ask for a missing name again; None where there is a name, infinite after the last retry."""
        if self.name is not None:
            return None
        if self.attempts > len(RETRY_SECONDS):
            return inf
        return self.fetched_at + RETRY_SECONDS[max(self.attempts, 1) - 1]

    def is_due(self, now: float) -> bool:
        """Whether the timer asks ESI for it: the name is missing and its retry is due, or it is no longer fresh."""
        return not self.is_fresh(now) if self.retry_at is None else self.retry_at <= now

    def after(self, previous: "Name | None") -> "Name":
        """This response, after an earlier one: an entity that had a name keeps it, whatever ESI says in an incident."""
        if self.name is not None:
            return self
        if previous is not None and previous.name is not None:
            return replace(previous, fetched_at=self.fetched_at)
        return replace(self, attempts=max(self.attempts, 1 + (previous.attempts if previous else 0)))

    def is_fresh(self, now: float) -> bool:
        return now - self.fetched_at < FRESH_SECONDS

    def is_usable(self, now: float) -> bool:
        return now - self.fetched_at < USABLE_SECONDS


@dataclass(frozen=True, slots=True)
class ResolvedNames:
    """Names by entity id, ids without a name so far, and ids whose name needs a refresh."""

    names: Mapping[int, str]
    missing_ids: tuple[int, ...] = ()
    stale_ids: tuple[int, ...] = ()


def is_ambiguous_id(entity_id: int) -> bool:
    """Whether the id does not show which kind of entity it belongs to."""
    return entity_id in _AMBIGUOUS_IDS
