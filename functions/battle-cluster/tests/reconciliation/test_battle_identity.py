from battle_cluster.detection.clustering import Component
from battle_cluster.detection.tiers import Tier
from battle_cluster.reconciliation.battle_identity import ComponentAssignment, StoredMembership, assign_ids, new_battle_id


def component(*killmail_ids: int) -> Component:
    return Component(killmail_ids, (), Tier.SMALL, is_battle=True)


def existing(*killmail_ids: int, anchor: int | None = None) -> StoredMembership:
    return StoredMembership(frozenset(killmail_ids), (anchor or killmail_ids[0], anchor or killmail_ids[0]))


def test_what_nobody_knew_is_new() -> None:
    assert assign_ids([component(1, 2)], {}) == (ComponentAssignment(component(1, 2), None),)


def test_a_grown_battle_keeps_its_id() -> None:
    (one,) = assign_ids([component(1, 2, 3)], {"a": existing(1, 2)})
    assert (one.battle_id, one.absorbed_ids) == ("a", ())


def test_a_late_first_mail_changes_no_id() -> None:
    (one,) = assign_ids([component(1, 5, 6)], {"a": existing(5, 6)})
    assert one.battle_id == "a"


def test_a_merger_keeps_the_id_that_shares_most_and_absorbs_the_other() -> None:
    (one,) = assign_ids([component(1, 2, 3, 4, 5)], {"a": existing(1, 2), "b": existing(3, 4, 5)})
    assert (one.battle_id, one.absorbed_ids) == ("b", ("a",))


def test_a_tie_goes_to_the_oldest_anchor() -> None:
    (one,) = assign_ids([component(1, 2, 3, 4)], {"a": existing(3, 4), "b": existing(1, 2)})
    assert (one.battle_id, one.absorbed_ids) == ("b", ("a",))


def test_a_split_goes_on_in_its_larger_half_and_names_the_other_anew() -> None:
    small, large = assign_ids([component(1, 2), component(3, 4, 5)], {"a": existing(1, 2, 3, 4, 5)})
    assert (small.battle_id, large.battle_id) == (None, "a")


def test_after_a_split_and_a_merger_at_once_every_id_goes_one_way() -> None:
    first, second = assign_ids(
        [component(1, 2, 3, 10), component(11, 12)], {"a": existing(1, 2, 3), "b": existing(10, 11, 12)}
    )
    assert (first.battle_id, first.absorbed_ids) == ("a", ())
    assert (second.battle_id, second.absorbed_ids) == ("b", ())


def test_a_battle_of_which_nothing_is_left_is_not_named() -> None:
    (one,) = assign_ids([component(1, 2)], {"a": existing(8, 9)})
    assert one == ComponentAssignment(component(1, 2), None)


def test_a_new_id_is_the_same_wherever_it_is_made_and_gives_way_where_it_is_taken() -> None:
    first = new_battle_id(30000142, 1)
    assert first == new_battle_id(30000142, 1) != new_battle_id(30000142, 2)
    second = new_battle_id(30000142, 1, frozenset({first}))
    assert second != first
    assert second == new_battle_id(30000142, 1, frozenset({first}))
