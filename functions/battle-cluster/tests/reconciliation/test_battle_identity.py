"""Which battle id each component gets."""

from builders import kill

from battle_cluster.detection.clustering import Component
from battle_cluster.detection.neighbourhood_loader import Neighbourhood
from battle_cluster.detection.tiers import Tier
from battle_cluster.edits.constraints import NO_CONSTRAINTS
from battle_cluster.reconciliation.battle_identity import (
    ComponentAssignment,
    StoredMembership,
    assign_components,
    assign_ids,
    new_battle_id,
)


def component(*killmail_ids: int) -> Component:
    return Component(killmail_ids, (), Tier.SMALL, is_battle=True)


def stored(*killmail_ids: int, anchor: int | None = None) -> StoredMembership:
    return StoredMembership(frozenset(killmail_ids), (anchor or killmail_ids[0], anchor or killmail_ids[0]))


def test_component_without_stored_killmails_is_new() -> None:
    assert assign_ids([component(1, 2)], {}) == (ComponentAssignment(component(1, 2), None),)


def test_battle_that_grows_keeps_its_id() -> None:
    (assigned,) = assign_ids([component(1, 2, 3)], {"a": stored(1, 2)})
    assert (assigned.battle_id, assigned.absorbed_ids) == ("a", ())


def test_late_killmail_before_the_first_does_not_change_the_id() -> None:
    (assigned,) = assign_ids([component(1, 5, 6)], {"a": stored(5, 6)})
    assert assigned.battle_id == "a"


def test_merged_battle_keeps_the_id_with_most_killmails_and_absorbs_the_other() -> None:
    (assigned,) = assign_ids([component(1, 2, 3, 4, 5)], {"a": stored(1, 2), "b": stored(3, 4, 5)})
    assert (assigned.battle_id, assigned.absorbed_ids) == ("b", ("a",))


def test_tie_goes_to_the_oldest_anchor() -> None:
    (assigned,) = assign_ids([component(1, 2, 3, 4)], {"a": stored(3, 4), "b": stored(1, 2)})
    assert (assigned.battle_id, assigned.absorbed_ids) == ("b", ("a",))


def test_split_battle_keeps_its_id_in_the_larger_half_and_the_other_half_is_new() -> None:
    small, large = assign_ids([component(1, 2), component(3, 4, 5)], {"a": stored(1, 2, 3, 4, 5)})
    assert (small.battle_id, large.battle_id) == (None, "a")


def test_simultaneous_split_and_merge_assigns_every_id_once() -> None:
    first, second = assign_ids(
        [component(1, 2, 3, 10), component(11, 12)], {"a": stored(1, 2, 3), "b": stored(10, 11, 12)}
    )
    assert (first.battle_id, first.absorbed_ids) == ("a", ())
    assert (second.battle_id, second.absorbed_ids) == ("b", ())


def test_battle_without_remaining_killmails_is_not_assigned() -> None:
    (assigned,) = assign_ids([component(1, 2)], {"a": stored(8, 9)})
    assert assigned == ComponentAssignment(component(1, 2), None)


def test_new_id_is_deterministic_and_avoids_used_ids() -> None:
    first = new_battle_id(30000142, 1)
    assert first == new_battle_id(30000142, 1) != new_battle_id(30000142, 2)
    second = new_battle_id(30000142, 1, frozenset({first}))
    assert second != first
    assert second == new_battle_id(30000142, 1, frozenset({first}))


def neighbourhood(core: set[int], *components: Component, stored_component_of: dict[int, str]) -> Neighbourhood:
    ids = [killmail_id for component in components for killmail_id in component.killmail_ids]
    killmails = {killmail_id: kill(killmail_id, killmail_id, "A1", "B1") for killmail_id in ids}
    stored_ids = {killmail_id: stored_component_of.get(killmail_id) for killmail_id in ids}
    return Neighbourhood(killmails, stored_ids, frozenset(core), components, NO_CONSTRAINTS)


def test_component_of_the_core_keeps_the_id_of_its_stored_members() -> None:
    assignment = assign_components(neighbourhood({1, 2, 3}, component(1, 2, 3), stored_component_of={1: "a", 2: "a"}))
    assert assignment.components == (ComponentAssignment(component(1, 2, 3), "a"),)
    assert assignment.previous_members == {"a": frozenset({1, 2})}


def test_component_outside_the_core_is_not_assigned() -> None:
    around = neighbourhood({1, 2}, component(1, 2), component(8, 9), stored_component_of={})
    assert [assigned.component for assigned in assign_components(around).components] == [component(1, 2)]


def test_single_killmail_is_assigned_only_if_it_is_a_battle() -> None:
    single = Component((1,), (), Tier.SINGLE, is_battle=False)
    assert assign_components(neighbourhood({1}, single, stored_component_of={})).components == ()
    assert len(assign_components(neighbourhood({2}, component(2), stored_component_of={})).components) == 1
