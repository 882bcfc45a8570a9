"""Who fought on which side: two sides or more, each party with a confidence, the unclear left unassigned."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, NamedTuple

from battle_cluster.detection.union_find import DisjointSets
from battle_cluster.domain.killmail import Killmail, Party
from battle_cluster.sides.correlation_clustering import PINNED, correlation_clusters, edge_weights
from battle_cluster.sides.defectors import Defectors, awoxers, find_defectors
from battle_cluster.sides.evidence import Evidence, Graph, collect_evidence
from battle_cluster.sides.priors import Prior, prior_weights
from battle_cluster.sides.rules import DEFAULT_SIDE_RULES, SideRules
from battle_cluster.sides.structural_balance import Bloc, blocs, merge_by_common_enemy


class Role(StrEnum):
    SIDE = "side"
    THIRD_PARTY = "third-party"
    KILL_STEALER = "kill-stealer"


class SideMembership(NamedTuple):
    """A party's place, how probable it is (0 to 1), and the mass of evidence that rests on."""

    party: Party
    confidence: float
    evidence: float


@dataclass(frozen=True, slots=True)
class Side:
    side_id: int
    role: Role
    parties: tuple[SideMembership, ...]


@dataclass(frozen=True, slots=True)
class Sides:
    """The sides of one battle.

    turncoats: people who fought for another side than their party; their party is named on both.
    separate: groups of side ids without a common enemy; more than one group looks like separate fights.
    """

    sides: tuple[Side, ...] = ()
    unassigned: tuple[SideMembership, ...] = ()
    awoxers: tuple[int, ...] = ()
    turncoats: tuple[Defectors, ...] = ()
    separate: tuple[tuple[int, ...], ...] = ()
    by_party: Mapping[Party, int] = field(default_factory=dict[Party, int])
    by_pilot: Mapping[tuple[Party, int], int] = field(default_factory=dict[tuple[Party, int], int])

    def side_of(self, party: Party | None, character_id: int | None) -> int | None:
        """Where somebody stood: the person's own side where it differs from the party's, None for the unassigned."""
        if party is None:
            return None
        if character_id is not None and (party, character_id) in self.by_pilot:
            return self.by_pilot[party, character_id]
        return self.by_party.get(party)

    @property
    def third_parties(self) -> tuple[int, ...]:
        return tuple(side.side_id for side in self.sides if side.role is not Role.SIDE)


NO_PINS: Final[Mapping[Party, int]] = {}


class _Verdict(NamedTuple):
    margins: Mapping[int, float]
    pins: Mapping[Party, int]


def assign(
    mails: Iterable[Killmail],
    rules: SideRules = DEFAULT_SIDE_RULES,
    pins: Mapping[Party, int] | None = None,
    priors: Iterable[Prior] = (),
) -> Sides:
    """The sides of the mails of one component, whatever their order. `pins` are side numbers people gave parties."""
    once = {mail.killmail_id: mail for mail in mails}.values()
    return assign_from_evidence(once, collect_evidence(once, rules), rules, pins or {}, priors)


def assign_from_evidence(
    mails: Collection[Killmail],
    evidence: Evidence,
    rules: SideRules = DEFAULT_SIDE_RULES,
    pins: Mapping[Party, int] = NO_PINS,
    priors: Iterable[Prior] = (),
) -> Sides:
    """As `assign`, where the evidence of exactly these mails is known already."""
    graph = edge_weights(evidence, rules, pins, prior_weights(evidence, priors, rules))
    apart: Graph = [{b: score for b, score in row.items() if score <= -PINNED} for row in graph]
    found = blocs(merge_by_common_enemy(correlation_clusters(graph), evidence, apart, rules), evidence)
    verdict = _Verdict(confidences(evidence, graph, found, pins), pins)
    return _build_sides(mails, evidence, found, rules, verdict)


def confidences(evidence: Evidence, graph: Graph, found: Sequence[Bloc], pins: Mapping[Party, int]) -> dict[int, float]:
    """How much better each party fits its own bloc than the next best one."""
    home = {party: at for at, bloc in enumerate(found) for party in bloc.parties}
    return {
        party: 1.0 if evidence.parties[party] in pins else _confidence(party, evidence, graph, found, home)
        for party in home
    }


def _confidence(party: int, evidence: Evidence, graph: Graph, found: Sequence[Bloc], home: Mapping[int, int]) -> float:
    """Blocs nothing is known of are no alternative; without any alternative there is no doubt."""
    fit: dict[int, float] = {}
    for other, score in graph[party].items():
        fit[home[other]] = fit.get(home[other], 0.0) + score
    shot: dict[int, float] = {}
    for other, amount in evidence.hostility[party].items():
        shot[home[other]] = shot.get(home[other], 0.0) + amount
    for at, bloc in enumerate(found):
        common = _enemies_in_common(shot, bloc, shot if at == home[party] else {})
        if common:
            fit[at] = fit.get(at, 0.0) + common
    own = fit.pop(home[party], 0.0)
    second = max(fit.values(), default=None)
    if second is None:
        return 1.0
    scale = abs(own) + abs(second)
    return 0.0 if scale == 0 else round(min(max((own - second) / scale, 0.0), 1.0), 4)


def _enemies_in_common(shot: Mapping[int, float], bloc: Bloc, without: Mapping[int, float]) -> float:
    """Hostility the party and the bloc (without the party) both spend on the same enemies.

    Bounded by both, so that a bloc of one pilot is no home for an army; weighed by how much the enemy is *the* enemy
    of the bloc, so that victims of a common foe lean to his foremost opponent rather than to a third party.
    """
    rest = {other: amount - without.get(other, 0.0) for other, amount in bloc.hostility.items()}
    total = sum(rest.values())
    return sum(min(shot.get(at, 0.0), amount) * amount / total for at, amount in rest.items()) if total > 0 else 0.0


def calibrated_confidence(margin: float, mass: float, rules: SideRules) -> float:
    """How often a party with this margin, on this much evidence, does stand on the side it is put on.

    Rising in both. What stays below `unassigned` is put on no side, and keeps its margin as it is. Above it a margin
    says too little: half a margin is right nine times in ten, and a full one on three mails only five times in six.
    """
    if margin < rules.unassigned:
        return margin
    return round((1 - 1 / (mass + rules.sure_mass)) * (1 - (1 - margin) ** rules.sure_power), 4)


def _build_sides(
    mails: Collection[Killmail], evidence: Evidence, found: Sequence[Bloc], rules: SideRules, verdict: _Verdict
) -> Sides:
    margins, pins = verdict
    clear = {party for party, confidence in margins.items() if confidence >= rules.unassigned}
    told = {
        party: 1.0
        if evidence.parties[party] in pins
        else calibrated_confidence(margin, evidence.total_weight(party), rules)
        for party, margin in margins.items()
    }
    kept = [at for at, bloc in enumerate(found) if clear.intersection(bloc.parties)]
    number = _numbers(kept, evidence, found, clear, pins)
    by_party = {evidence.parties[p]: number[at] for at in kept for p in found[at].parties if p in clear}
    turned = find_defectors(mails, by_party, rules)
    roles = _roles(evidence, found, margins, rules)
    sides = [
        Side(number[at], roles[at], _memberships((p for p in found[at].parties if p in clear), evidence, told))
        for at in kept
    ]
    return Sides(
        sides=tuple(sorted((_with_turncoats(side, turned) for side in sides), key=lambda side: side.side_id)),
        unassigned=_memberships((party for party in margins if party not in clear), evidence, told),
        awoxers=awoxers(mails, rules),
        turncoats=turned,
        separate=_separate(found, number),
        by_party=by_party,
        by_pilot={(one.party, pilot): one.side for one in turned for pilot in one.pilots},
    )


def _memberships(parties: Iterable[int], evidence: Evidence, told: Mapping[int, float]) -> tuple[SideMembership, ...]:
    """Most pilots first."""
    ranked = sorted(parties, key=lambda party: (-evidence.pilots[party], evidence.parties[party].id, party))
    return tuple(SideMembership(evidence.parties[p], told[p], round(evidence.total_weight(p), 4)) for p in ranked)


def _with_turncoats(side: Side, turned: Iterable[Defectors]) -> Side:
    extra = tuple(SideMembership(one.party, 1.0, float(len(one.pilots))) for one in turned if one.side == side.side_id)
    return Side(side.side_id, side.role, side.parties + extra) if extra else side


def _numbers(
    kept: Sequence[int], evidence: Evidence, found: Sequence[Bloc], clear: set[int], pins: Mapping[Party, int]
) -> dict[int, int]:
    """From 1: more pilots first, then the lower entity id; a number people pinned a party to is kept."""
    ranked = sorted(kept, key=lambda at: _rank([p for p in found[at].parties if p in clear], evidence))
    number: dict[int, int] = {}
    for at in ranked:
        wished = {pins[evidence.parties[p]] for p in found[at].parties if evidence.parties[p] in pins}
        if len(wished) == 1 and not wished & set(number.values()):
            number[at] = wished.pop()
    free = iter(one for one in range(1, len(found) + len(pins) + 1) if one not in number.values())
    return {at: number[at] if at in number else next(free) for at in ranked}


def _rank(parties: Sequence[int], evidence: Evidence) -> tuple[int, int]:
    return -sum(evidence.pilots[p] for p in parties), min(evidence.parties[p].id for p in parties)


def _roles(
    evidence: Evidence, found: Sequence[Bloc], margins: Mapping[int, float], rules: SideRules
) -> dict[int, Role]:
    """The two largest blocs that fight each other are sides; the others may be third parties or steal kills."""
    main = _principals(evidence, found)
    total = sum(evidence.pilots)
    roles: dict[int, Role] = {}
    for at, bloc in enumerate(found):
        against = [o for o, amount in bloc.hostility.items() if amount > rules.balance_mutual * bloc.total]
        pilots = sum(evidence.pilots[p] for p in bloc.parties)
        few = pilots < rules.third_pilots * total and max(margins[p] for p in bloc.parties) < rules.third_margin
        roles[at] = Role.SIDE
        if at not in main and (len(against) > 1 or few):
            died = any(evidence.losses[p] for p in bloc.parties)
            roles[at] = Role.THIRD_PARTY if died or len(against) < len(main) else Role.KILL_STEALER
    return roles


def _principals(evidence: Evidence, found: Sequence[Bloc]) -> tuple[int, ...]:
    ranked = sorted(range(len(found)), key=lambda at: _rank(found[at].parties, evidence))
    if not ranked:
        return ()
    enemy = next((at for at in ranked[1:] if at in found[ranked[0]].hostility), None)
    return (ranked[0],) if enemy is None else (ranked[0], enemy)


def _separate(found: Sequence[Bloc], number: Mapping[int, int]) -> tuple[tuple[int, ...], ...]:
    groups = DisjointSets(len(found))
    for at, bloc in enumerate(found):
        for other in bloc.hostility:
            groups.union(at, other)
    named = (tuple(sorted(number[at] for at in part if at in number)) for part in groups.members())
    return tuple(sorted(part for part in named if part))
