"""Where the mails around a new one belong now, and which battles that changes."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from battle_cluster.battles import Place
from battle_cluster.clustering import Component
from battle_cluster.identity import Assigned, Existing, assign_ids
from battle_cluster.mails import Mail


@dataclass(frozen=True, slots=True)
class Neighbourhood:
    """The stored mails to look at: those to regroup, and those that only surround them."""

    places: Mapping[int, Place]

    @property
    def touched(self) -> frozenset[int]:
        return frozenset(place.killmail_id for place in self.places.values() if place.touched)

    def systems(self) -> frozenset[int]:
        return frozenset(place.system_id for place in self.places.values() if place.touched)

    def components(self) -> dict[str, frozenset[int]]:
        """The components as stored, of the mails to regroup."""
        found: dict[str, set[int]] = {}
        for place in self.places.values():
            if place.touched and place.component_id is not None:
                found.setdefault(place.component_id, set()).add(place.killmail_id)
        return {component_id: frozenset(members) for component_id, members in found.items()}


@dataclass(frozen=True, slots=True)
class Verdict:
    """The components that the regrouped mails form now, with ids; those of one mail have none and join the pool."""

    assigned: tuple[Assigned, ...]
    before: Mapping[str, frozenset[int]]


def drawn_in(components: Iterable[Component], touched: frozenset[int]) -> frozenset[int]:
    """Surrounding mails that turn out to belong to a touched component, so that theirs must be regrouped too."""
    joined = [set(component.killmail_ids) for component in components if not touched.isdisjoint(component.killmail_ids)]
    return frozenset(one for members in joined for one in members) - touched


def verdict(components: Sequence[Component], neighbourhood: Neighbourhood, mails: Mapping[int, Mail]) -> Verdict:
    """Give the regrouped components the ids of those they go on from."""
    touched = neighbourhood.touched
    own = [c for c in components if len(c.killmail_ids) > 1 and not touched.isdisjoint(c.killmail_ids)]
    before = neighbourhood.components()
    existing = {
        component_id: Existing(members, min((mails[one].time, one) for one in members))
        for component_id, members in before.items()
    }
    return Verdict(assign_ids(own, existing), before)
