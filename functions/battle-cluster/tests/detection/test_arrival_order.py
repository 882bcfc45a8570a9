"""Delays, disorder and repetition of a feed do not change the battles in the end."""

from random import Random
from statistics import mean

import pytest
from arrivals import DAY, Feed, arrivals, batches
from judging import score_detection
from killmail_archive import Archive, recluster
from scenarios import (
    Detection,
    chase,
    detection_scene,
    drawn_evening,
    ejections,
    everything_at_once,
    ganks,
    militia_chain,
    reship_lull,
    scout,
    small_gang,
    strangers,
)
from simulator import Scene

from battle_cluster.detection.clustering import cluster
from battle_cluster.detection.rules import DetectionRules


def battles_of(scene: Scene) -> set[frozenset[int]]:
    return {frozenset(component.killmail_ids) for component in cluster(scene.killmails, DetectionRules())}


def stored_battles(scene: Scene, feed: Feed, seed: int) -> set[frozenset[int]]:
    """The stored components in the end, if each batch is processed when it arrives."""
    stored: dict[int, frozenset[int]] = {}
    present = {}
    for batch in batches(arrivals(scene.killmails, feed, Random(seed)), feed):
        new = {killmail.killmail_id: killmail for killmail in batch if killmail.killmail_id not in present}
        present |= new
        if new:
            recluster(Archive(list(present.values())), set(new), stored)
    return set(stored.values())


@pytest.mark.parametrize("build", [reship_lull, chase, scout, ganks, ejections], ids=lambda build: build.__name__)
def test_late_repeated_and_disordered_killmails_give_the_same_battles(build: Detection) -> None:
    scene = detection_scene(build, 1)
    assert stored_battles(scene, Feed(poll_interval=600.0), 1) == battles_of(scene)


def test_killmails_one_by_one_give_the_same_battles() -> None:
    scene = detection_scene(small_gang, 2)
    scene.killmails = scene.killmails[:70]
    assert stored_battles(scene, Feed(late=0.3, day_late=0.1, poll_interval=0.001), 2) == battles_of(scene)


def test_killmails_in_reverse_order_give_the_same_battles() -> None:
    scene = detection_scene(strangers, 3)
    stored: dict[int, frozenset[int]] = {}
    newest_first = sorted(scene.killmails, key=lambda killmail: -killmail.time)
    for start in range(0, len(newest_first), 25):
        present = newest_first[: start + 25]
        recluster(Archive(present), {killmail.killmail_id for killmail in present[start:]}, stored)
    assert set(stored.values()) == battles_of(scene)


@pytest.mark.parametrize("build", [small_gang, militia_chain, everything_at_once, drawn_evening])
def test_five_percent_of_lost_killmails_hardly_change_the_battles(build: Detection) -> None:
    scores, scores_without_losses = [], []
    for seed in range(3):
        scene = detection_scene(build, seed)
        arrived = [killmail for _, killmail in arrivals(scene.killmails, Feed(lost=0.05, repeated=0.0), Random(seed))]
        assert len(arrived) < len(scene.killmails)
        scores.append(score_detection(scene, arrived).pairs.f1)
        scores_without_losses.append(score_detection(scene).pairs.f1)
    assert mean(scores) >= mean(scores_without_losses) - 0.03


def test_simulated_arrivals_follow_the_settings_of_the_feed() -> None:
    scene = detection_scene(drawn_evening, 4)
    in_time = arrivals(scene.killmails, Feed(late=0.0, day_late=0.0, repeated=0.0), Random(4))
    assert sorted(killmail.killmail_id for _, killmail in in_time) == sorted(k.killmail_id for k in scene.killmails)
    assert all(0 < arrival - killmail.time < 900 for arrival, killmail in in_time)
    assert [killmail.time for _, killmail in in_time] != sorted(killmail.time for _, killmail in in_time)
    faulty = arrivals(scene.killmails, Feed(lost=0.2, repeated=0.5, day_late=0.2), Random(4))
    ids = [killmail.killmail_id for _, killmail in faulty]
    assert len(set(ids)) < 0.9 * len(scene.killmails) < len(ids)
    assert max(arrival - killmail.time for arrival, killmail in faulty) > DAY
