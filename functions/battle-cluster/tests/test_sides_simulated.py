"""Fights with known truth: the floor every scenario must reach, and never worse than two colours."""

from collections import Counter
from statistics import mean

import pytest
from measures import adjusted_rand, b_cubed_f1, pairwise_f1
from scenarios import DETECTION, SIDES, Detection, detection_scene, sides_scene
from simulator import Scene
from two_colouring import two_coloured

from battle_cluster.clustering import cluster
from battle_cluster.mails import Party
from battle_cluster.rules import Rules
from battle_cluster.sides import assign

SEEDS = range(5)


@pytest.mark.parametrize("build", DETECTION, ids=lambda build: build.__name__)
def test_battles_are_found(build: Detection) -> None:
    scenes = [detection_scene(build, seed) for seed in SEEDS]
    found = [
        {one: at for at, component in enumerate(cluster(scene.mails, Rules())) for one in component.killmail_ids}
        for scene in scenes
    ]
    pairs = list(zip(scenes, found, strict=True))
    assert mean(pairwise_f1(scene.battle, groups) for scene, groups in pairs) >= 0.985
    assert mean(b_cubed_f1(scene.battle, groups) for scene, groups in pairs) >= 0.985
    assert mean(adjusted_rand(scene.battle, groups) for scene, groups in pairs) >= 0.98


@pytest.mark.parametrize("name", SIDES)
def test_sides_are_found_and_never_worse_than_two_colours(name: str) -> None:
    scenes = [sides_scene(name, seed) for seed in SEEDS]
    ours = mean(_agreement(scene, dict(assign(scene.mails).by_party)) for scene in scenes)
    floor = mean(_agreement(scene, two_coloured(scene.mails)) for scene in scenes)
    assert ours >= 0.97
    assert ours >= floor - 1e-9


def _agreement(scene: Scene, found: dict[Party, int]) -> float:
    """By pilots; every unassigned party stands alone, so leaving out what is hard does not pay."""
    people = {(w.party, w.character_id) for m in scene.mails for w in (m.victim, *m.attackers) if w.party}
    pilots = Counter(party for party, _ in people)
    truth = {party: side for party, side in scene.side[0].items() if party in pilots}
    return adjusted_rand(truth, {party: found.get(party, party.id) for party in truth}, pilots)
