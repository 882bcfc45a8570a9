"""Grouping island by island is grouping everything."""

from collections.abc import Iterable, Iterator, Sequence
from random import Random

import pytest
from builders import CITADEL, HOME, NEXT, RULES, kill
from hypothesis import given, settings
from hypothesis import strategies as st
from real_days import days, shared

from battle_cluster.detection.classification import KillmailSummary
from battle_cluster.detection.clustering import cluster
from battle_cluster.detection.rules import DetectionRules
from battle_cluster.domain.killmail import Killmail
from battlescope_local.replay.partitioning import Partitioner

WORMHOLE = 31_000_005


def drawn(mail: Killmail) -> KillmailSummary:
    return KillmailSummary(
        mail.killmail_id, mail.time, mail.system_id, mail.victim, mail.pilot_ids, mail.has_attacking_player,
        mail.attacking_corporations, mail.nearby_system_ids,
    )  # fmt: skip


def islands(mails: Iterable[Killmail], rules: DetectionRules = RULES, every: int = 1) -> Iterator[list[int]]:
    """Closed at every so many mails, as late as at the next mail's time."""
    found = Partitioner(rules)
    for number, mail in enumerate(sorted(mails, key=lambda mail: (mail.time, mail.killmail_id))):
        if number % every == 0:
            yield from found.take_complete(mail.time)
        found.add(drawn(mail))
    yield from found.take_complete()


def piecewise(mails: Sequence[Killmail], rules: DetectionRules = RULES, every: int = 1) -> set[object]:
    known = {mail.killmail_id: mail for mail in mails}
    parts = list(islands(mails, rules, every))
    assert sorted(one for part in parts for one in part) == sorted(known)
    return {one for part in parts for one in cluster([known[i] for i in part], rules)}


people = st.sampled_from(["A1", "A2", "A3", "B1", "B2", "C1"])
losses = st.tuples(
    st.integers(0, 5000), people | st.just("x"), st.lists(people | st.sampled_from(["x", "CONCORD"]), max_size=4),
    st.sampled_from([HOME, NEXT, WORMHOLE]), st.sampled_from([(587, 25, 6), (670, 29, 6), CITADEL]),
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.lists(losses, max_size=25), st.integers(1, 7))
def test_pieces_make_the_whole(found: list[tuple[int, str, list[str], int, tuple[int, int, int]]], every: int) -> None:
    mails = [
        kill(at + 1, second / 20, victim, " ".join(by), system=system, hull=hull)
        for at, (second, victim, by, system, hull) in enumerate(found)
    ]
    assert piecewise(mails, every=every) == set(cluster(mails, RULES))


@pytest.mark.parametrize(
    "rules",
    [
        DetectionRules(simultaneity_window=7200),
        DetectionRules(capsule_window=3600),
        DetectionRules(siege_window=60),
        DetectionRules(non_combat_slack=3000),
    ],
)
def test_unusual_rules_reach_as_far_as_they_say(rules: DetectionRules) -> None:
    chance = Random(5)
    mails = [
        kill(at + 1, chance.uniform(0, 600), chance.choice(("A1", "A2", "B1")), chance.choice(("A1 C1", "B1 C2", "x")),
             system=chance.choice((HOME, NEXT, WORMHOLE)), hull=chance.choice(((587, 25, 6), (670, 29, 6), CITADEL)))
        for at in range(150)
    ]  # fmt: skip
    assert piecewise(mails, rules) == set(cluster(mails, rules))


def test_what_lies_apart_is_let_go() -> None:
    mails = [kill(1, 0, "A1", "B1"), kill(2, 90, "A1", "B1")]
    assert list(islands(mails)) == [[1], [2]]


@pytest.mark.shared
class TestRealDays:
    pytestmark = shared

    def test_four_days_come_out_the_same_in_small_pieces(self) -> None:
        mails = days()
        assert max(map(len, islands(mails, every=1000))) < 3000
        assert piecewise(mails, every=1000) == set(cluster(mails, RULES))
