"""Scores of detection and of sides on a simulated scene with ground truth."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from measures import (
    Outline,
    Pairs,
    Purity,
    adjusted_rand,
    b_cubed,
    match_labels,
    outline,
    pairwise,
    purity,
    recall_by_size,
)  # fmt: skip
from simulator import Scene

from battle_cluster.detection.clustering import Component, cluster
from battle_cluster.detection.rules import DetectionRules
from battle_cluster.domain.killmail import Killmail, Party
from battle_cluster.sides.assignment import Role, Sides, assign


@dataclass(frozen=True)
class DetectionScores:
    pairs: Pairs
    b_cubed: Pairs
    ari: float
    purity: Purity
    outline: Outline
    recall: Mapping[int, tuple[int, float]]


def score_detection(scene: Scene, arrived: list[Killmail] | None = None) -> DetectionScores:
    """Scores over all killmails or those that arrived.

    Each killmail of the noise is a battle of its own, and so is each non-combat killmail of a component.
    """
    killmails = scene.killmails if arrived is None else arrived
    truth = {k.killmail_id: scene.battle_of.get(k.killmail_id, -k.killmail_id) for k in killmails}
    predicted = component_labels(cluster(killmails, DetectionRules()))
    time = {killmail.killmail_id: float(killmail.time) for killmail in killmails}
    return DetectionScores(
        pairwise(truth, predicted),
        b_cubed(truth, predicted),
        adjusted_rand(truth, predicted),
        purity(truth, predicted),
        outline(truth, predicted, time),
        recall_by_size(truth, predicted),
    )


def component_labels(components: tuple[Component, ...]) -> dict[int, int]:
    labels: dict[int, int] = {}
    for index, component in enumerate(components):
        labels.update(dict.fromkeys(component.killmail_ids, index))
        labels.update((killmail_id, -killmail_id) for killmail_id in component.non_combat_ids)
    return labels


@dataclass(frozen=True)
class SideScores:
    """`predictions`: confidence and evidence of each assigned party, and whether its side is the true one."""

    ari: float
    right_by_pilots: float
    right_by_isk: float
    unassigned: float
    third_party_counts: Counter[str]
    predictions: tuple[tuple[float, float, bool], ...]


def score_sides(scene: Scene) -> SideScores:
    sides = assign(scene.killmails)
    pilots, isk = pilots_by_party(scene), isk_lost_by_party(scene)
    truth = {party: side for party, side in scene.side_of[0].items() if party in pilots}
    predicted = {party: side for party, side in sides.by_party.items() if party in truth}
    true_side_of = match_labels(truth, predicted, {party: float(pilots[party]) for party in predicted})
    right = {party for party, side in predicted.items() if true_side_of.get(side) == truth[party]}
    unassigned = sum(pilots[party] for party in truth if party not in predicted)
    return SideScores(
        ari=agreement(scene, predicted),
        right_by_pilots=sum(pilots[party] for party in right) / sum(pilots[party] for party in truth),
        right_by_isk=sum(isk[party] for party in right) / max(sum(isk[party] for party in truth), 1.0),
        unassigned=unassigned / sum(pilots[party] for party in truth),
        third_party_counts=_third_party_counts(scene, sides, truth),
        predictions=tuple(_predictions(sides, truth, right)),
    )


def agreement(scene: Scene, predicted: Mapping[Party, int]) -> float:
    """Adjusted Rand index by pilots. An unassigned party is a side of its own, so omitting difficult parties costs."""
    pilots = pilots_by_party(scene)
    truth = {party: side for party, side in scene.side_of[0].items() if party in pilots}
    return adjusted_rand(truth, {party: predicted.get(party, party) for party in truth}, pilots)


def pilots_by_party(scene: Scene) -> Counter[Party]:
    participants = {
        (person.party, person.character_id)
        for killmail in scene.killmails
        for person in (killmail.victim, *killmail.attackers)
    }
    return Counter(party for party, _ in participants if party is not None)


def isk_lost_by_party(scene: Scene) -> Counter[Party]:
    isk: Counter[Party] = Counter()
    for killmail in scene.killmails:
        if killmail.victim.party is not None:
            isk[killmail.victim.party] += killmail.value
    return isk


def _third_party_counts(scene: Scene, sides: Sides, truth: Mapping[Party, int]) -> Counter[str]:
    named = {
        member.party
        for side in sides.sides
        if side.role is not Role.SIDE
        for member in side.parties
        if member.party in truth
    }
    true = {party for party, side in truth.items() if side in scene.third_party_sides}
    return Counter(named=len(named), true=len(true), both=len(named & true))


def _predictions(sides: Sides, truth: Mapping[Party, int], right: set[Party]) -> Iterator[tuple[float, float, bool]]:
    for side in sides.sides:
        for member in side.parties:
            if sides.by_party.get(member.party) == side.side_id and member.party in truth:
                yield member.confidence, member.evidence, member.party in right
