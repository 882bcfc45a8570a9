"""A battle keeps its id for ever; what is merged away becomes an alias."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID, uuid5

from battle_cluster.detection.clustering import Component

NAMESPACE = UUID("0d3c1f0e-6a53-5b7e-9b0e-2f6d6a1c9b55")
"""Invented once; another one would name every battle anew."""


@dataclass(frozen=True, slots=True)
class StoredMembership:
    """A battle as stored. `anchor` is (time, id) of its first mail when it got its id."""

    killmail_ids: frozenset[int]
    anchor: tuple[int, int]


@dataclass(frozen=True, slots=True)
class ComponentAssignment:
    """A component and the battle it is. `battle_id` is None where it is a new one; `absorbed` become its aliases."""

    component: Component
    battle_id: str | None
    absorbed: tuple[str, ...] = ()


def assign_ids(
    components: Sequence[Component], existing: Mapping[str, StoredMembership]
) -> tuple[ComponentAssignment, ...]:
    """Greatest overlap first; a tie goes to the battle with the oldest anchor.

    A battle of which several components are left goes on in the one that holds most of it. A battle is absorbed by
    the component that holds most of its mails, when it goes on nowhere; one of which no mail is left is not named.
    """
    overlaps = sorted(_overlaps(components, existing))
    battle_of: dict[int, str] = {}
    assigned_to: dict[str, int] = {}
    for _, _, battle_id, at in overlaps:
        if at not in battle_of and battle_id not in assigned_to:
            battle_of[at], assigned_to[battle_id] = battle_id, at
    absorbed: dict[int, list[str]] = {}
    for _, _, battle_id, at in overlaps:
        if assigned_to.setdefault(battle_id, at) == at and battle_of.get(at) not in {battle_id, None}:
            absorbed.setdefault(at, []).append(battle_id)
    return tuple(
        ComponentAssignment(component, battle_of.get(at), tuple(sorted(absorbed.get(at, ()))))
        for at, component in enumerate(components)
    )


def _overlaps(
    components: Sequence[Component], existing: Mapping[str, StoredMembership]
) -> list[tuple[int, tuple[int, int], str, int]]:
    """(minus shared mails, anchor, battle id, component): sorting puts the strongest claim first."""
    battle_of = {killmail_id: battle_id for battle_id, held in existing.items() for killmail_id in held.killmail_ids}
    found: list[tuple[int, tuple[int, int], str, int]] = []
    for at, component in enumerate(components):
        shared = Counter(battle_of[one] for one in component.killmail_ids if one in battle_of)
        found += [(-count, existing[battle_id].anchor, battle_id, at) for battle_id, count in shared.items()]
    return found


def new_id(system_id: int, first_killmail_id: int, taken: frozenset[str] = frozenset()) -> str:
    """The id of a new battle, the same wherever and whenever it is made.

    `taken` are the ids and aliases already given to others: after a split the first mail of the new half may once
    have named another battle. Then a counter is appended until the name is free.
    """
    name = f"{system_id}:{first_killmail_id}"
    found = str(uuid5(NAMESPACE, name))
    attempt = 1
    while found in taken:
        attempt += 1
        found = str(uuid5(NAMESPACE, f"{name}:{attempt}"))
    return found
