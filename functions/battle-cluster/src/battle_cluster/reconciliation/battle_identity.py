"""Assigns battle ids to components. A battle keeps its id for ever; the id of a merged battle becomes an alias."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID, uuid5

from battle_cluster.detection.clustering import Component
from battle_cluster.detection.neighbourhood_loader import Neighbourhood

NAMESPACE = UUID("0d3c1f0e-6a53-5b7e-9b0e-2f6d6a1c9b55")
"""Random, chosen once. Another value would change the id of every battle."""


@dataclass(frozen=True, slots=True)
class StoredMembership:
    """The killmails of a stored component. `anchor` is (time, id) of the first of them."""

    killmail_ids: frozenset[int]
    anchor: tuple[int, int]


@dataclass(frozen=True, slots=True)
class ComponentAssignment:
    """A component and its battle. `battle_id` is None for a new battle; `absorbed_ids` become its aliases."""

    component: Component
    battle_id: str | None
    absorbed_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Assignment:
    """The components of the neighbourhood's core and their battles.

    Single killmails that are no battle are in no component. `previous_members` has the stored components that hold a
    killmail of the core.
    """

    components: tuple[ComponentAssignment, ...]
    previous_members: Mapping[str, frozenset[int]]


def assign_components(neighbourhood: Neighbourhood) -> Assignment:
    """Assign stored ids to the components of the neighbourhood's core."""
    core = neighbourhood.core
    core_components = [
        component
        for component in neighbourhood.components
        if (len(component.killmail_ids) > 1 or component.is_battle) and not core.isdisjoint(component.killmail_ids)
    ]
    previous_members = _stored_members(neighbourhood)
    existing = {
        component_id: StoredMembership(members, _anchor(members, neighbourhood))
        for component_id, members in previous_members.items()
    }
    return Assignment(assign_ids(core_components, existing), previous_members)


def _stored_members(neighbourhood: Neighbourhood) -> dict[str, frozenset[int]]:
    members: dict[str, set[int]] = {}
    for killmail_id in neighbourhood.core:
        component_id = neighbourhood.stored_component_of[killmail_id]
        if component_id is not None:
            members.setdefault(component_id, set()).add(killmail_id)
    return {component_id: frozenset(killmail_ids) for component_id, killmail_ids in members.items()}


def _anchor(members: frozenset[int], neighbourhood: Neighbourhood) -> tuple[int, int]:
    return min((neighbourhood.killmails[killmail_id].time, killmail_id) for killmail_id in members)


def assign_ids(
    components: Sequence[Component], existing: Mapping[str, StoredMembership]
) -> tuple[ComponentAssignment, ...]:
    """Assign each component the battle with which it shares most killmails; a tie goes to the oldest anchor.

    A battle that was split keeps its id in the component with most of its killmails. A battle that keeps its id
    nowhere is absorbed by the component with most of its killmails, and is absent when no killmail is left.
    """
    overlaps = sorted(_overlaps(components, existing))
    battle_of: dict[int, str] = {}
    assigned_to: dict[str, int] = {}
    for _, _, battle_id, index in overlaps:
        if index not in battle_of and battle_id not in assigned_to:
            battle_of[index], assigned_to[battle_id] = battle_id, index
    absorbed_ids: dict[int, list[str]] = {}
    for _, _, battle_id, index in overlaps:
        if assigned_to.setdefault(battle_id, index) == index and battle_of.get(index) not in {battle_id, None}:
            absorbed_ids.setdefault(index, []).append(battle_id)
    return tuple(
        ComponentAssignment(component, battle_of.get(index), tuple(sorted(absorbed_ids.get(index, ()))))
        for index, component in enumerate(components)
    )


def _overlaps(
    components: Sequence[Component], existing: Mapping[str, StoredMembership]
) -> list[tuple[int, tuple[int, int], str, int]]:
    """(minus shared killmails, anchor, battle id, component index): the greatest overlap sorts first."""
    battle_of = {
        killmail_id: battle_id for battle_id, stored in existing.items() for killmail_id in stored.killmail_ids
    }
    overlaps: list[tuple[int, tuple[int, int], str, int]] = []
    for index, component in enumerate(components):
        shared = Counter(battle_of[killmail_id] for killmail_id in component.killmail_ids if killmail_id in battle_of)
        overlaps += [(-count, existing[battle_id].anchor, battle_id, index) for battle_id, count in shared.items()]
    return overlaps


def new_battle_id(system_id: int, first_killmail_id: int, used_ids: frozenset[str] = frozenset()) -> str:
    """The deterministic id of a new battle, derived from its first killmail.

    `used_ids` are ids and aliases of other battles: after a split, the id derived from the first killmail of the new
    half can belong to another battle. A counter is then part of the name.
    """
    name = f"{system_id}:{first_killmail_id}"
    battle_id = str(uuid5(NAMESPACE, name))
    attempt = 1
    while battle_id in used_ids:
        attempt += 1
        battle_id = str(uuid5(NAMESPACE, f"{name}:{attempt}"))
    return battle_id
