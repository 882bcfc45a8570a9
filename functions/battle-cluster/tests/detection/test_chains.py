"""Links that are kept up to date equal those that are read at once, and the decisive ones decide as all do."""

from collections.abc import Sequence
from random import Random

import pytest
from builders import CITADEL, HOME, RULES, kill
from hypothesis import given
from hypothesis import strategies as st
from killmail_strategies import QUICK, killmail_lists

from battle_cluster.detection.chains import ChainLink, PilotChains, SpanningForest
from battle_cluster.detection.classification import ClassifiedKillmail, LossKind, classify
from battle_cluster.detection.clustering import TimelineCache, cluster
from battle_cluster.detection.links import IndexedLink, find_links, link_sort_key
from battle_cluster.detection.union_find import DisjointSets
from battle_cluster.domain.killmail import Killmail
from battle_cluster.edits.constraints import Constraints

SPLIT_OF_OTHERS = Constraints(cannot_link=((frozenset({-1}), frozenset({-2})),))
"""Separates no killmail of a test, but all links are needed where there is a split."""


def system_timeline(killmails: Sequence[Killmail]) -> list[ClassifiedKillmail]:
    """What links among the killmails, as if all were in one system."""
    classified = [classify(killmail) for killmail in killmails]
    linking = [entry for entry in classified if entry.kind is not LossKind.NON_COMBAT]
    return sorted(linking, key=lambda entry: (entry.killmail.time, entry.killmail.killmail_id))


def strongest(links: Sequence[IndexedLink], size: int) -> list[IndexedLink]:
    sets = DisjointSets(size)
    return [link for link in sorted(links, key=link_sort_key) if sets.union(link.a, link.b)]


@given(killmail_lists(), st.randoms(use_true_random=False))
@QUICK
def test_chains_kept_up_to_date_equal_chains_read_at_once(killmails: list[Killmail], rng: Random) -> None:
    entries = system_timeline(killmails)
    kept = PilotChains(RULES)
    for _ in range(6):
        timeline = sorted(rng.sample(entries, rng.randint(0, len(entries))), key=lambda entry: entry.killmail.time)
        at_once = PilotChains(RULES)
        kept.sync(timeline)
        at_once.sync(timeline)
        assert set(kept.within_limit()) == set(at_once.within_limit())
        assert set(kept.beyond_limit()) == set(at_once.beyond_limit())
        assert set(kept.decisive_within_limit()) == set(at_once.decisive_within_limit())


@given(killmail_lists())
@QUICK
def test_decisive_links_have_the_strongest_of_all(killmails: list[Killmail]) -> None:
    timeline = system_timeline(killmails)
    chains = PilotChains(RULES)
    chains.sync(timeline)
    every = find_links(timeline, RULES, chains.within_limit(), chains.beyond_limit())
    decisive = find_links(timeline, RULES, chains.decisive_within_limit(), chains.beyond_limit())
    assert strongest(decisive, len(timeline)) == strongest(every, len(timeline))


@pytest.mark.parametrize("seed", range(8))
def test_decisive_links_give_the_components_of_all_links_at_each_arrival(seed: int) -> None:
    """Two fleets; on odd seeds they only share a guest, who holds them together or not."""
    rng = Random(seed)
    fight = [_fleet_kill(number, number / 5, "A", rng) for number in range(30)]
    fight += [_fleet_kill(100 + number, 3 + number / 5, "A" if seed % 2 == 0 else "C", rng) for number in range(20)]
    fight.append(kill(200, 5, "D9", "A1 C1"))
    cache = TimelineCache()
    arrived: list[Killmail] = []
    for killmail in rng.sample(fight, len(fight)):
        arrived.append(killmail)
        everything = cluster(arrived, RULES, SPLIT_OF_OTHERS)
        assert cluster(arrived, RULES, timeline_cache=cache) == everything
    assert len(everything) == 1 + seed % 2


def _fleet_kill(number: int, minute: float, fleet: str, rng: Random) -> Killmail:
    pilots = " ".join(f"{fleet}{pilot}" for pilot in rng.sample(range(1, 30), 12))
    return kill(number + 1, minute, f"{'B' if fleet == 'A' else 'D'}{number}", pilots)


@given(killmail_lists(), st.randoms(use_true_random=False))
@QUICK
def test_cached_timelines_give_the_components_of_all_killmails_at_each_arrival(
    killmails: list[Killmail], rng: Random
) -> None:
    cache = TimelineCache()
    arrived: list[Killmail] = []
    for killmail in rng.sample(killmails, len(killmails)):
        arrived.append(killmail)
        assert cluster(arrived, RULES, timeline_cache=cache) == cluster(arrived, RULES)


def test_forest_replaces_a_link_that_is_gone() -> None:
    strong, weak, weakest = (
        ChainLink(-score, 0, 0, a, b, None) for score, a, b in ((0.9, 1, 2), (0.5, 2, 3), (0.4, 1, 3))
    )
    forest = SpanningForest()
    forest.update([], [weakest, strong, weak])
    assert forest.links == [strong, weak]
    forest.update([strong], [])
    assert forest.links == [weak, weakest]
    assert forest.is_within(strong)
    forest.update([weak], [])
    assert not forest.is_within(strong)


def test_few_links_of_a_fleet_fight_are_decisive() -> None:
    fleet = " ".join(f"A{number}" for number in range(20))
    fight = [kill(n, n / 6, f"B{n}", fleet, system=HOME) for n in range(60)]
    siege = kill(99, 30, "B", "A1", ship=CITADEL, unpiloted=True)
    chains = PilotChains(RULES)
    chains.sync(system_timeline([*fight, siege]))
    assert len(chains.decisive_within_limit()) == 59
