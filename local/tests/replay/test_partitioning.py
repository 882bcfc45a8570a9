"""Clustering partition by partition gives the same battles as clustering everything."""

from collections.abc import Iterable, Iterator, Sequence
from random import Random

import pytest
from builders import CITADEL, HOME, NEXT, RULES, kill
from hypothesis import given, settings
from hypothesis import strategies as st
from real_days import components_of_all_days, killmails_of_all_days, needs_real_days

from battle_cluster.detection.clustering import cluster
from battle_cluster.detection.rules import DetectionRules
from battle_cluster.domain.killmail import Killmail
from battlescope_local.replay.esi_killmail import KillmailSummary
from battlescope_local.replay.partitioning import Partitioner
from battlescope_local.testing.examples import examples

WORMHOLE = 31_000_005


def summary_of(killmail: Killmail) -> KillmailSummary:
    return KillmailSummary(
        killmail.killmail_id, killmail.time, killmail.system_id, killmail.victim, killmail.pilot_ids,
        killmail.has_attacking_player, killmail.attacking_corporations, killmail.nearby_system_ids,
    )  # fmt: skip


def partitions(killmails: Iterable[Killmail], rules: DetectionRules = RULES, every: int = 1) -> Iterator[list[int]]:
    """The killmail ids of each partition; complete ones are taken before every `every`-th killmail."""
    partitioner = Partitioner(rules)
    ordered = sorted(killmails, key=lambda killmail: (killmail.time, killmail.killmail_id))
    for number, killmail in enumerate(ordered):
        if number % every == 0:
            yield from partitioner.take_complete(killmail.time)
        partitioner.add(summary_of(killmail))
    yield from partitioner.take_complete()


def cluster_partitions(killmails: Sequence[Killmail], rules: DetectionRules = RULES, every: int = 1) -> set[object]:
    by_id = {killmail.killmail_id: killmail for killmail in killmails}
    parts = list(partitions(killmails, rules, every))
    assert sorted(killmail_id for part in parts for killmail_id in part) == sorted(by_id)
    return {component for part in parts for component in cluster([by_id[killmail_id] for killmail_id in part], rules)}


pilots = st.sampled_from(["A1", "A2", "A3", "B1", "B2", "C1"])
losses = st.tuples(
    st.integers(0, 5000), pilots | st.just("x"), st.lists(pilots | st.sampled_from(["x", "CONCORD"]), max_size=4),
    st.sampled_from([HOME, NEXT, WORMHOLE]), st.sampled_from([(587, 25, 6), (670, 29, 6), CITADEL]),
)  # fmt: skip


@settings(max_examples=examples(100), deadline=None)
@given(st.lists(losses, max_size=25), st.integers(1, 7))
def test_partitions_give_the_battles_of_all_killmails(
    drawn: list[tuple[int, str, list[str], int, tuple[int, int, int]]], every: int
) -> None:
    killmails = [
        kill(number, time / 20, victim, " ".join(attackers), system=system, ship=ship)
        for number, (time, victim, attackers, system, ship) in enumerate(drawn, start=1)
    ]
    assert cluster_partitions(killmails, every=every) == set(cluster(killmails, RULES))


@pytest.mark.parametrize(
    "rules",
    [
        DetectionRules(simultaneity_window=7200),
        DetectionRules(capsule_window=3600),
        DetectionRules(siege_window=60),
        DetectionRules(non_combat_slack=3000),
    ],
)
def test_partitions_are_large_enough_for_unusual_rules(rules: DetectionRules) -> None:
    rng = Random(5)
    killmails = [
        kill(number, rng.uniform(0, 600), rng.choice(("A1", "A2", "B1")), rng.choice(("A1 C1", "B1 C2", "x")),
             system=rng.choice((HOME, NEXT, WORMHOLE)), ship=rng.choice(((587, 25, 6), (670, 29, 6), CITADEL)))
        for number in range(1, 151)
    ]  # fmt: skip
    assert cluster_partitions(killmails, rules) == set(cluster(killmails, rules))


def test_killmails_far_apart_are_in_different_partitions() -> None:
    killmails = [kill(1, 0, "A1", "B1"), kill(2, 90, "A1", "B1")]
    assert list(partitions(killmails)) == [[1], [2]]


@pytest.mark.shared
class TestRealDays:
    pytestmark = needs_real_days

    def test_small_partitions_give_the_battles_of_four_days(self) -> None:
        killmails = killmails_of_all_days()
        assert max(map(len, partitions(killmails, every=1000))) < 3000
        assert cluster_partitions(killmails, every=1000) == set(components_of_all_days())
