"""What grouping and sides come to on a scene whose truth is known."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from measures import (
    Outline,
    Pairs,
    Purity,
    adjusted_rand,
    b_cubed,
    matched,
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
class Detected:
    pairs: Pairs
    b_cubed: Pairs
    ari: float
    purity: Purity
    outline: Outline
    recall: Mapping[int, tuple[int, float]]


def detected(scene: Scene, mails: list[Killmail] | None = None) -> Detected:
    """Over all mails, or over those that came through. Noise is true to itself; what is only shown is no member."""
    present = scene.mails if mails is None else mails
    truth = {mail.killmail_id: scene.battle.get(mail.killmail_id, -mail.killmail_id) for mail in present}
    found = members(cluster(present, DetectionRules()))
    time = {mail.killmail_id: float(mail.time) for mail in present}
    return Detected(
        pairwise(truth, found),
        b_cubed(truth, found),
        adjusted_rand(truth, found),
        purity(truth, found),
        outline(truth, found, time),
        recall_by_size(truth, found),
    )


def members(components: tuple[Component, ...]) -> dict[int, int]:
    found: dict[int, int] = {}
    for at, component in enumerate(components):
        found.update(dict.fromkeys(component.killmail_ids, at))
        found.update((one, -one) for one in component.non_combat_ids)
    return found


@dataclass(frozen=True)
class Sided:
    """`opinions`: each assigned party's confidence and whether it stands on its true side."""

    ari: float
    right_by_pilots: float
    right_by_isk: float
    unassigned: float
    third: Counter[str]
    opinions: tuple[tuple[float, float, bool], ...]


def sided(scene: Scene) -> Sided:
    sides = assign(scene.mails)
    pilots, isk = crews(scene), losses(scene)
    truth = {party: side for party, side in scene.side[0].items() if party in pilots}
    found = {party: side for party, side in sides.by_party.items() if party in truth}
    stands_for = matched(truth, found, {party: float(pilots[party]) for party in found})
    right = {party for party, side in found.items() if stands_for.get(side) == truth[party]}
    return Sided(
        ari=agreement(scene, found),
        right_by_pilots=sum(pilots[party] for party in right) / sum(pilots[party] for party in truth),
        right_by_isk=sum(isk[party] for party in right) / max(sum(isk[party] for party in truth), 1.0),
        unassigned=sum(pilots[party] for party in truth if party not in found) / sum(pilots[party] for party in truth),
        third=_third(scene, sides, truth),
        opinions=tuple(_opinions(sides, truth, right)),
    )


def agreement(scene: Scene, found: Mapping[Party, int]) -> float:
    """By pilots; every unassigned party stands alone, so leaving out what is hard does not pay."""
    pilots = crews(scene)
    truth = {party: side for party, side in scene.side[0].items() if party in pilots}
    return adjusted_rand(truth, {party: found.get(party, party) for party in truth}, pilots)


def crews(scene: Scene) -> Counter[Party]:
    people = {(who.party, who.character_id) for mail in scene.mails for who in (mail.victim, *mail.attackers)}
    return Counter(party for party, _ in people if party is not None)


def losses(scene: Scene) -> Counter[Party]:
    isk: Counter[Party] = Counter()
    for mail in scene.mails:
        if mail.victim.party is not None:
            isk[mail.victim.party] += mail.value  # pyright: ignore[reportArgumentType]  # ISK is no whole number here
    return isk


def _third(scene: Scene, sides: Sides, truth: Mapping[Party, int]) -> Counter[str]:
    named = {
        one.party for side in sides.sides if side.role is not Role.SIDE for one in side.parties if one.party in truth
    }
    true = {party for party, side in truth.items() if side in scene.third}
    return Counter(named=len(named), true=len(true), both=len(named & true))


def _opinions(sides: Sides, truth: Mapping[Party, int], right: set[Party]) -> Iterator[tuple[float, float, bool]]:
    for side in sides.sides:
        for one in side.parties:
            if sides.by_party.get(one.party) == side.side_id and one.party in truth:
                yield one.confidence, one.evidence, one.party in right
