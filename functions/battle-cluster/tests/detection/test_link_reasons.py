"""The page that shows why a killmail is in a battle is right: the condition of each link's reason holds."""

from collections.abc import Callable, Mapping

from builders import RULES
from hypothesis import given
from hypothesis import strategies as st
from killmail_strategies import QUICK, draw_constraints, killmail_lists

from battle_cluster.detection.classification import LossKind, classify_loss, structure_target
from battle_cluster.detection.clustering import cluster
from battle_cluster.detection.links import LinkReason
from battle_cluster.detection.reach import can_travel
from battle_cluster.domain.killmail import Killmail

Condition = Callable[[Killmail, Killmail], bool]
"""Of the earlier and the later killmail."""


def pause(a: Killmail, b: Killmail) -> int:
    return abs(b.time - a.time)


def same_system(a: Killmail, b: Killmail) -> bool:
    return a.system_id == b.system_id


def share_pilots(a: Killmail, b: Killmail) -> bool:
    return not a.pilot_ids.isdisjoint(b.pilot_ids)


def is_shown(killmail: Killmail) -> bool:
    return classify_loss(killmail) is not LossKind.COMBAT


def is_capsule_of(a: Killmail, b: Killmail) -> bool:
    ship, capsule = (a, b) if classify_loss(b) is LossKind.CAPSULE else (b, a)
    return ship.victim.character_id == capsule.victim.character_id and capsule.time - ship.time >= 0


CONDITIONS: Mapping[LinkReason, Condition] = {
    LinkReason.SAME_PEOPLE: lambda a, b: same_system(a, b) and share_pilots(a, b) and pause(a, b) <= RULES.max_absence,
    LinkReason.SAME_MOMENT: lambda a, b: (
        same_system(a, b)
        and len(a.party_ids & b.party_ids) >= RULES.simultaneity_parties
        and pause(a, b) <= RULES.simultaneity_window
    ),
    LinkReason.MOVED: lambda a, b: not same_system(a, b) and can_travel(a, b) and pause(a, b) <= RULES.max_absence,
    LinkReason.ROUND_TWO: lambda a, b: same_system(a, b) and pause(a, b) <= RULES.window,
    LinkReason.SAME_TARGET: lambda a, b: (
        structure_target(a) is not None
        and structure_target(a) == structure_target(b)
        and pause(a, b) <= RULES.siege_window
    ),
    LinkReason.CAPSULE: lambda a, b: is_capsule_of(a, b) and pause(a, b) <= RULES.capsule_window,
    LinkReason.INSIDE: lambda a, b: (
        same_system(a, b)
        and (is_shown(a) or is_shown(b))
        and (share_pilots(a, b) or not a.party_ids.isdisjoint(b.party_ids))
    ),
    LinkReason.TAGGED: lambda _a, _b: True,
}


# A merge edit has no limit. Of the other two the limit is that between the fights, which may go on beside the link.
UNLIMITED = {LinkReason.TAGGED, LinkReason.INSIDE, LinkReason.ROUND_TWO}


@given(killmail_lists(), st.data())
@QUICK
def test_each_killmail_of_a_battle_has_a_link_and_the_condition_of_each_reason_holds(
    killmails: list[Killmail], data: st.DataObject
) -> None:
    constraints = draw_constraints(killmails, data.draw)
    by_id = {killmail.killmail_id: killmail for killmail in killmails}
    for component in cluster(killmails, RULES, constraints):
        linked = {end for link in component.links for end in (link.from_killmail_id, link.to_killmail_id)}
        assert len(component.killmail_ids) == 1 or linked == set(component.killmail_ids)
        for link in component.links:
            a, b = by_id[link.from_killmail_id], by_id[link.to_killmail_id]
            assert CONDITIONS[link.reason](a, b), link
            if link.reason not in UNLIMITED:
                assert abs(b.time - a.time) <= (link.quiet_limit_seconds or 0), link
            if link.reason is LinkReason.TAGGED:
                assert link.quiet_limit_seconds is None
                assert {(link.from_killmail_id, link.to_killmail_id)} <= constraints.must_link


def test_every_reason_has_a_condition() -> None:
    assert CONDITIONS.keys() == set(LinkReason)
