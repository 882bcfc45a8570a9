"""Clustering gives one result for any order, repetition, batching and sufficiently large neighbourhood."""

from random import Random

from builders import RULES
from hypothesis import HealthCheck, assume, given, settings
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


@given(killmail_lists(minutes=240), st.data())
@settings(QUICK, suppress_health_check=[HealthCheck.filter_too_much])
def test_batches_whose_changes_no_link_reaches_do_not_affect_each_other(
    killmails: list[Killmail], data: st.DataObject
) -> None:
    """Two processes that do not see each other's killmails; locks let them go on unless their cores are close."""
    times = {killmail.killmail_id: killmail.time for killmail in killmails}
    new = [killmail for killmail in killmails if data.draw(st.booleans())]
    middle = (min(times.values()) + max(times.values())) // 2
    batches = [[k for k in new if k.time < middle], [k for k in new if k.time >= middle]]
    assume(all(batches))
    stored: dict[int, frozenset[int]] = {}
    old = [killmail for killmail in killmails if killmail not in new]
    if old:
        recluster(Archive(old), {killmail.killmail_id for killmail in old}, stored)
    cores: list[frozenset[int]] = []
    merged = dict(stored)
    for batch in batches:
        seen = dict(stored)
        core = recluster(Archive([*old, *batch]), {killmail.killmail_id for killmail in batch}, seen)
        merged |= {killmail_id: seen[killmail_id] for killmail_id in core}
        cores.append(core)
    assume(all(abs(times[a] - times[b]) > RULES.max_link_distance for a in cores[0] for b in cores[1]))
    assert set(merged.values()) == {frozenset(component.killmail_ids) for component in cluster(killmails, RULES)}
