"""Constraints from manual edits. They apply before anything is computed, so they survive every reclustering."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from operator import attrgetter
from typing import Final

from battle_cluster.domain.killmail import Killmail, Party


@dataclass(frozen=True, slots=True)
class Constraints:
    """Constraints on clustering and on sides.

    must_link: pairs of killmail ids that belong to one battle.
    cannot_link: one entry per split; its groups of killmail ids never belong to one battle.
    excluded: killmail ids that belong to no battle.
    removed_pilots: pairs of killmail id and character id; the pilot counts as absent from the killmail.
    pins: side number by party.
    """

    must_link: frozenset[tuple[int, int]] = frozenset()
    cannot_link: tuple[tuple[frozenset[int], ...], ...] = ()
    excluded: frozenset[int] = frozenset()
    removed_pilots: frozenset[tuple[int, int]] = frozenset()
    pins: Mapping[Party, int] = field(default_factory=dict[Party, int])


NO_CONSTRAINTS = Constraints()
_POSITION: Final = attrgetter("time", "killmail_id")


def in_time_order(killmails: Iterable[Killmail]) -> list[Killmail]:
    """Ordered by (time, id)."""
    return sorted(killmails, key=_POSITION)


def apply_constraints(killmails: Iterable[Killmail], constraints: Constraints) -> tuple[Killmail, ...]:
    """Each killmail once, ordered by (time, id), without excluded killmails and removed pilots."""
    by_id = {
        killmail.killmail_id: killmail for killmail in killmails if killmail.killmail_id not in constraints.excluded
    }
    ordered = in_time_order(by_id.values())
    if not constraints.removed_pilots:
        return tuple(ordered)
    return tuple(_without_pilots(killmail, frozenset(_removed_from(killmail, constraints))) for killmail in ordered)


def _removed_from(killmail: Killmail, constraints: Constraints) -> Iterator[int]:
    return (pilot for pilot in killmail.pilots() if (killmail.killmail_id, pilot) in constraints.removed_pilots)


def _without_pilots(killmail: Killmail, pilots: frozenset[int]) -> Killmail:
    if not pilots:
        return killmail
    victim = killmail.victim
    if victim.character_id in pilots:
        victim = victim._replace(character_id=None, party=None)
    attackers = tuple(attacker for attacker in killmail.attackers if attacker.character_id not in pilots)
    return replace(killmail, victim=victim, attackers=attackers)
