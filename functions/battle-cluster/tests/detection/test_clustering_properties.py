"""Clustering gives one result for any order, repetition, batching and sufficiently large neighbourhood."""

from random import Random

from builders import RULES
from hypothesis import given
from hypothesis import strategies as st
from killmail_archive import Archive, recluster
from killmail_strategies import QUICK, draw_constraints, killmail_lists

from battle_cluster.detection.clustering import cluster
from battle_cluster.detection.rules import DetectionRules
from battle_cluster.domain.killmail import Killmail
from battle_cluster.edits.constraints import Constraints

LONG_MOMENT = DetectionRules(simultaneity_window=3600)
"""The longest window of all: whatever a link can span, the neighbourhood must hold."""


@given(killmail_lists(), st.randoms(use_true_random=False), st.data())
@QUICK
def test_order_and_repetition_do_not_change_the_result(
    killmails: list[Killmail], rng: Random, data: st.DataObject
) -> None:
    constraints = draw_constraints(killmails, data.draw)
    shuffled = [*killmails, *killmails[: len(killmails) // 2]]
    rng.shuffle(shuffled)
    assert cluster(shuffled, RULES, constraints) == cluster(killmails, RULES, constraints)


@given(killmail_lists())
@QUICK
def test_every_killmail_is_in_exactly_one_component_connected_by_its_links(killmails: list[Killmail]) -> None:
    components = cluster(killmails, RULES)
    members = sorted(killmail_id for component in components for killmail_id in component.killmail_ids)
    assert members == [killmail.killmail_id for killmail in killmails]
    for component in components:
        reached = {component.killmail_ids[0]}
        for _ in component.links:
            reached |= {
                end
                for link in component.links
                for end in (link.from_killmail_id, link.to_killmail_id)
                if {link.from_killmail_id, link.to_killmail_id} & reached
            }
        assert reached == set(component.killmail_ids)
        assert len(component.links) == len(component.killmail_ids) - 1


@given(
    killmail_lists(),
    st.sampled_from([RULES, DetectionRules(window=600), DetectionRules.from_configuration(60, 30, 5), LONG_MOMENT]),
    st.data(),
)
@QUICK
def test_neighbourhood_alone_gives_the_battles_of_all_killmails(
    killmails: list[Killmail], rules: DetectionRules, data: st.DataObject
) -> None:
    constraints = draw_constraints(killmails, data.draw) if data.draw(st.booleans()) else Constraints()
    components = cluster(killmails, rules, constraints)
    archive = Archive(killmails)
    for killmail in killmails[:6]:
        core, loaded = archive.neighbourhood({killmail.killmail_id}, rules, constraints)
        from_neighbourhood = {c for c in cluster(loaded, rules, constraints) if core.intersection(c.killmail_ids)}
        assert from_neighbourhood == {c for c in components if core.intersection(c.killmail_ids)}


@given(killmail_lists(), st.integers(1, 9))
@QUICK
def test_batches_in_order_of_arrival_give_the_battles_of_all_killmails(killmails: list[Killmail], batch: int) -> None:
    stored: dict[int, frozenset[int]] = {}
    for start in range(0, len(killmails), batch):
        present = killmails[: start + batch]
        recluster(Archive(present), {killmail.killmail_id for killmail in present[start:]}, stored)
    assert set(stored.values()) == {frozenset(component.killmail_ids) for component in cluster(killmails, RULES)}
