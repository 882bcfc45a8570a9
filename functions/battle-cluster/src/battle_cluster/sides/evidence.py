"""Evidence about the parties of a battle: which party shot which, and which shot together.

One killmail is one bounded unit of evidence, however many attackers it has.
"""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from math import log10, sqrt

from battle_cluster.domain.killmail import Killmail, Party, PartyKind
from battle_cluster.sides.rules import SideRules

Graph = list[dict[int, float]]
"""Symmetric weights by party index; a missing edge weighs zero."""

FIXED_POINT_SCALE = 1 << 30
"""Evidence is summed as integer multiples of 1/2**30: far finer than any threshold, and exact in a float."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """Parties in sorted order; every other field refers to a party by its index.

    enlisted: the index of the militia of each pilot who flew for it on some of the killmails and alone on others; the
    others are no evidence, since he may have enlisted during the battle.
    """

    parties: tuple[Party, ...]
    hostility: Graph
    co_attack: Graph
    killmails: tuple[int, ...]
    pilots: tuple[int, ...]
    losses: tuple[int, ...]
    enlisted: Mapping[Party, int] = field(default_factory=dict[Party, int])

    def total_hostility(self, party: int) -> float:
        return sum(self.hostility[party].values())

    def total_weight(self, party: int) -> float:
        return self.total_hostility(party) + sum(self.co_attack[party].values())


class EvidenceAccumulator:
    """Evidence built up killmail by killmail, in integers: sums of floats would depend on the order."""

    def __init__(self, rules: SideRules) -> None:
        self._rules = rules
        self._hostility: dict[Party, dict[Party, int]] = {}
        self._co_attack: dict[Party, dict[Party, int]] = {}
        self._killmails: Counter[Party] = Counter()
        self._losses: Counter[Party] = Counter()
        self._pilots: dict[Party, set[int]] = {}

    def add(self, killmail: Killmail) -> None:
        victim = killmail.victim.party
        for party in killmail.party_ids:
            self._killmails[party] += 1
        if victim is not None:
            self._losses[victim] += 1
        for party, pilot in killmail.participants_by_party:
            self._pilots.setdefault(party, set()).add(pilot)
        amount = weight(killmail.value, self._rules) * FIXED_POINT_SCALE
        shares = _shares_of_pilots(killmail)
        if victim in shares:  # friendly fire: the victim's own party gives no evidence of an alliance with the others
            shares = {party: share for party, share in shares.items() if party != victim}
            amount *= self._rules.friendly_fire
        parts = {party: round(amount * sqrt(share)) for party, share in shares.items() if share > 0}
        if victim is not None:
            for party, part in parts.items():
                _add(self._hostility, party, victim, part)
        _add_pairs(self._co_attack, parts)

    def evidence(self, pinned: Collection[Party] = ()) -> Evidence:
        """The evidence of all killmails so far. A pilot in `pinned` stays apart from the militia he is enlisted in."""
        militia_of = self._militias_of_single_pilots(pinned)
        parties = tuple(sorted(self._killmails.keys() - militia_of.keys()))
        index_of = {party: index for index, party in enumerate(parties)}
        return Evidence(
            parties,
            _graph(self._hostility, parties, index_of),
            _graph(self._co_attack, parties, index_of),
            tuple(self._killmails[party] for party in parties),
            tuple(len(self._pilots.get(party, ())) for party in parties),
            tuple(self._losses[party] for party in parties),
            {party: index_of[militia] for party, militia in militia_of.items()},
        )

    def _militias_of_single_pilots(self, pinned: Collection[Party]) -> dict[Party, Party]:
        """The militia of each pilot who is a party alone on other killmails: a pilot has one side in a battle."""
        militias = sorted(party for party in self._pilots if party.kind is PartyKind.FACTION)
        return {
            party: militia
            for party in (self._pilots if militias else ())
            if party.kind is PartyKind.CHARACTER and party not in pinned
            for militia in reversed(militias)
            if party.id in self._pilots[militia]
        }


def weight(value: float, rules: SideRules) -> float:
    """Grows with the order of magnitude of the ISK value, within bounds: neither a shuttle nor a titan decides."""
    scale = log10(value) - rules.weight_log_offset if value > 0 else rules.min_weight
    return min(max(scale, rules.min_weight), rules.max_weight)


def _shares_of_pilots(killmail: Killmail) -> dict[Party, float]:
    """Share of each attacking party; where pilots attacked, without parties that only their structures represent.

    The bombs of a structure hit everybody near it, so that its owner is on the killmails of both sides.
    """
    shares = killmail.involvement_shares
    if all([attacker.character_id is not None or attacker.party is None for attacker in killmail.attackers]):  # noqa: C419  # faster
        return shares
    piloted = {attacker.party for attacker in killmail.attackers if attacker.character_id is not None}
    by_pilots = {party: share for party, share in shares.items() if party in piloted}
    total = sum(by_pilots.values())
    return {party: share / total for party, share in by_pilots.items()} if total > 0 else shares


def _add_pairs(sums: dict[Party, dict[Party, int]], parts: Mapping[Party, int]) -> None:
    """Add to every pair of parties the smaller part of the two."""
    ranked = sorted(parts.items(), key=lambda entry: entry[1])
    for rank, (a, smaller) in enumerate(ranked):
        row = sums.setdefault(a, {})
        for b, _ in ranked[rank + 1 :]:
            row[b] = row.get(b, 0) + smaller


def _add(sums: dict[Party, dict[Party, int]], a: Party, b: Party, amount: int) -> None:
    row = sums.setdefault(a, {})
    row[b] = row.get(b, 0) + amount


def _graph(
    sums: Mapping[Party, Mapping[Party, int]], parties: tuple[Party, ...], index_of: Mapping[Party, int]
) -> Graph:
    """The symmetric graph of directed sums between parties that have an index: the sum of both directions."""
    rows: list[dict[int, int]] = [{} for _ in parties]
    for a, sums_of_a in sums.items():
        if a not in index_of:
            continue
        row = rows[index_of[a]]
        for b, amount in sums_of_a.items():
            index = index_of.get(b)
            if index is not None:
                rows[index][index_of[a]] = row[index] = row.get(index, 0) + amount
    return [{index: row[index] / FIXED_POINT_SCALE for index in sorted(row)} for row in rows]
