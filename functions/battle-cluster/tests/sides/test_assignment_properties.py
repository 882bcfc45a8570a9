"""Sides of random fights: one side a party, whatever the order; enlisted pilots are with their militia."""

from random import Random

from hypothesis import given
from hypothesis import strategies as st
from killmail_strategies import QUICK, killmail_lists, militia_killmails

from battle_cluster.domain.killmail import Killmail, Party, PartyKind
from battle_cluster.sides.assignment import Sides, SidesAccumulator, assign
from battle_cluster.sides.correlation_clustering import EPSILON, _agglomerated
from battle_cluster.sides.evidence import Graph


def listed(sides: Sides) -> list[Party]:
    on_sides = [membership.party for side in sides.sides for membership in side.parties]
    return [*on_sides, *(membership.party for membership in sides.unassigned)]


@given(st.one_of(killmail_lists(), militia_killmails()), st.randoms(use_true_random=False))
@QUICK
def test_each_party_is_on_one_side_or_unassigned_in_any_order(killmails: list[Killmail], rng: Random) -> None:
    sides = assign(killmails)
    assert sorted(listed(sides)) == sorted({party for killmail in killmails for party in killmail.parties()})
    shuffled = [*killmails, *killmails[::2]]
    rng.shuffle(shuffled)
    assert assign(shuffled) == sides


@given(militia_killmails())
@QUICK
def test_pilot_who_is_enlisted_on_some_killmails_is_on_the_side_of_the_militia(killmails: list[Killmail]) -> None:
    sides = assign(killmails)
    seen = {pair for killmail in killmails for pair in killmail.participants_by_party}
    for militia, pilot in seen:
        alone = Party(PartyKind.CHARACTER, pilot)
        if militia.kind is PartyKind.FACTION and (alone, pilot) in seen:
            assert sides.by_party.get(alone) == sides.by_party.get(militia)


@given(st.one_of(killmail_lists(), militia_killmails()), st.randoms(use_true_random=False))
@QUICK
def test_sides_after_each_arrival_are_those_of_all_that_arrived(killmails: list[Killmail], rng: Random) -> None:
    accumulator = SidesAccumulator()
    arrived: list[Killmail] = []
    for killmail in rng.sample(killmails, len(killmails)):
        arrived.append(killmail)
        accumulator.add(killmail)
        assert accumulator.sides() == assign(arrived)


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    """Small weights of few values, so that sums are exact and often equal."""
    size = draw(st.integers(1, 9))
    rows: Graph = [{} for _ in range(size)]
    for a in range(size):
        for b in range(a):
            weight = draw(st.sampled_from([None, -2.0, -0.5, 0.0, 0.5, 1.0, 2.0]))
            if weight is not None:
                rows[a][b] = rows[b][a] = weight
    return rows


@given(graphs())
@QUICK
def test_agglomeration_always_merges_the_strongest_pair_the_first_of_equal_ones(graph: Graph) -> None:
    clusters = [[party] for party in range(len(graph))]
    while pairs := [
        (-weight, first[0], second[0])
        for first in clusters
        for second in clusters
        if first[0] < second[0] and (weight := sum(graph[a].get(b, 0.0) for a in first for b in second)) > EPSILON
    ]:
        _, a, b = min(pairs)
        joined = sorted(party for cluster in clusters if cluster[0] in {a, b} for party in cluster)
        clusters = sorted([*(cluster for cluster in clusters if cluster[0] not in {a, b}), joined])
    assert _agglomerated(graph) == [
        next(cluster[0] for cluster in clusters if party in cluster) for party in range(len(graph))
    ]
