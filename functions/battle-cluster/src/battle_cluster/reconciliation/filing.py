"""Where the mails around a new one belong now, and which battles that changes."""

from collections.abc import Mapping
from dataclasses import dataclass

from battle_cluster.detection.neighbourhood_loader import Neighbourhood
from battle_cluster.reconciliation.battle_identity import ComponentAssignment, StoredMembership, assign_ids


@dataclass(frozen=True, slots=True)
class Assignment:
    """The components that the core forms now, with ids; single mails have none and join the pool.

    `before` are the components as stored that hold a core mail.
    """

    assigned: tuple[ComponentAssignment, ...]
    before: Mapping[str, frozenset[int]]


def assign_components(around: Neighbourhood) -> Assignment:
    """Give the components of the core the ids of those they go on from."""
    core = around.core
    own = [
        component
        for component in around.found
        if (len(component.killmail_ids) > 1 or component.is_battle) and not core.isdisjoint(component.killmail_ids)
    ]
    before = _stored(around)
    existing = {
        component_id: StoredMembership(members, _anchor(members, around)) for component_id, members in before.items()
    }
    return Assignment(assign_ids(own, existing), before)


def _stored(around: Neighbourhood) -> dict[str, frozenset[int]]:
    found: dict[str, set[int]] = {}
    for killmail_id in around.core:
        component_id = around.stored_component_of[killmail_id]
        if component_id is not None:
            found.setdefault(component_id, set()).add(killmail_id)
    return {component_id: frozenset(members) for component_id, members in found.items()}


def _anchor(members: frozenset[int], around: Neighbourhood) -> tuple[int, int]:
    return min((around.mails[one].mail.time, one) for one in members)
