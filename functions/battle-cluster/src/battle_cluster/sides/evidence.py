"""What the mails of one battle say about its parties: who shot whom, and who shot together.

One mail is one bounded unit of evidence, however many rows it has.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import log10, sqrt

from battle_cluster.detection.rules import SideRules
from battle_cluster.domain.killmail import Killmail, Party

Graph = list[dict[int, float]]
"""Symmetric weights by party number; what is not there is zero."""

FIXED_POINT_SCALE = 1 << 30
"""Evidence is counted in grains of this size: far finer than anything decided by it, and exact in a float."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """Parties in fixed order; everything else speaks of them by number."""

    parties: tuple[Party, ...]
    hostility: Graph
    co_attack: Graph
    mails: tuple[int, ...]
    pilots: tuple[int, ...]
    losses: tuple[int, ...]

    def total_hostility(self, party: int) -> float:
        return sum(self.hostility[party].values())

    def total_weight(self, party: int) -> float:
        return self.total_hostility(party) + sum(self.co_attack[party].values())


class EvidenceAccumulator:
    """Evidence of mails added one by one, kept in whole numbers: sums of floats would depend on the order."""

    def __init__(self, rules: SideRules) -> None:
        self._rules = rules
        self._hostility: dict[Party, dict[Party, int]] = {}
        self._together: dict[Party, dict[Party, int]] = {}
        self._mails: Counter[Party] = Counter()
        self._losses: Counter[Party] = Counter()
        self._crews: dict[Party, set[int]] = {}

    def add(self, mail: Killmail) -> None:
        victim = mail.victim.party
        for party in mail.party_ids:
            self._mails[party] += 1
        if victim is not None:
            self._losses[victim] += 1
        for party, pilot in mail.participants_by_party:
            self._crews.setdefault(party, set()).add(pilot)
        amount = weight(mail.value, self._rules) * FIXED_POINT_SCALE
        shares = mail.involvement_shares
        if victim in shares:  # and the victim's own people give no evidence of standing beside others
            shares = {party: share for party, share in shares.items() if party != victim}
            amount *= self._rules.friendly_fire
        told = {party: round(amount * sqrt(share)) for party, share in shares.items() if share > 0}
        if victim is not None:
            for party, part in told.items():
                _add(self._hostility, party, victim, part)
        _add_all(self._together, told)

    def evidence(self) -> Evidence:
        parties = tuple(sorted(self._mails))
        number = {party: at for at, party in enumerate(parties)}
        return Evidence(
            parties,
            _numbered(self._hostility, parties, number),
            _numbered(self._together, parties, number),
            tuple(self._mails[party] for party in parties),
            tuple(len(self._crews.get(party, ())) for party in parties),
            tuple(self._losses[party] for party in parties),
        )


def collect_evidence(mails: Iterable[Killmail], rules: SideRules) -> Evidence:
    sums = EvidenceAccumulator(rules)
    for mail in mails:
        sums.add(mail)
    return sums.evidence()


def weight(value: float, rules: SideRules) -> float:
    """By order of magnitude, bounded: neither a shuttle nor a titan decides."""
    scale = log10(value) - rules.weight_log_offset if value > 0 else rules.weight_least
    return min(max(scale, rules.weight_least), rules.weight_most)


def _add_all(sums: dict[Party, dict[Party, int]], told: Mapping[Party, int]) -> None:
    """Every pair by the smaller part of the two."""
    ranked = sorted(told.items(), key=lambda entry: entry[1])
    for rank, (a, least) in enumerate(ranked):
        row = sums.setdefault(a, {})
        for b, _ in ranked[rank + 1 :]:
            row[b] = row.get(b, 0) + least


def _add(sums: dict[Party, dict[Party, int]], a: Party, b: Party, amount: int) -> None:
    row = sums.setdefault(a, {})
    row[b] = row.get(b, 0) + amount


def _numbered(
    sums: Mapping[Party, Mapping[Party, int]], parties: tuple[Party, ...], number: Mapping[Party, int]
) -> Graph:
    """Both ways, whichever of the two a pair was added under."""
    whole: list[dict[int, int]] = [{} for _ in parties]
    for a, row in sums.items():
        own = whole[number[a]]
        for b, amount in row.items():
            at = number[b]
            whole[at][number[a]] = own[at] = own.get(at, 0) + amount
    return [{at: row[at] / FIXED_POINT_SCALE for at in sorted(row)} for row in whole]
