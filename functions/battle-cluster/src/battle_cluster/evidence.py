"""What the mails of one battle say about its parties: who shot whom, and who shot together.

One mail is one bounded unit of evidence, however many rows it has.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import log10, sqrt

from battle_cluster.mails import Mail, Party
from battle_cluster.rules import SideRules

Graph = list[dict[int, float]]
"""Symmetric weights by party number; what is not there is zero."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """Parties in fixed order; everything else speaks of them by number."""

    parties: tuple[Party, ...]
    hostility: Graph
    together: Graph
    mails: tuple[int, ...]
    pilots: tuple[int, ...]
    losses: tuple[int, ...]

    def total_hostility(self, party: int) -> float:
        return sum(self.hostility[party].values())

    def mass(self, party: int) -> float:
        return self.total_hostility(party) + sum(self.together[party].values())


def gathered(mails: Sequence[Mail], rules: SideRules) -> Evidence:
    present = [mail.party_ids for mail in mails]
    parties = tuple(sorted(frozenset[Party]().union(*present)))
    number = {party: at for at, party in enumerate(parties)}
    hostility: Graph = [{} for _ in parties]
    together: Graph = [{} for _ in parties]
    seen: Counter[int] = Counter()
    losses: Counter[int] = Counter()
    for mail, on_it in zip(mails, present, strict=True):
        seen.update(number[party] for party in on_it)
        victim = None if mail.victim.party is None else number[mail.victim.party]
        losses.update(() if victim is None else (victim,))
        shares = {number[party]: share for party, share in mail.shares.items()}
        amount = weight(mail.value, rules)
        if victim is not None and shares.pop(victim, None) is not None:
            amount *= rules.friendly_fire  # and the victim's own people give no evidence of standing beside others
        roots = {at: sqrt(max(share, 0.0)) for at, share in shares.items()}
        if victim is not None:
            for at, root in roots.items():
                _add(hostility, at, victim, amount * root)
        _add_all(together, roots, amount)
    crews = _crews(mails)
    return Evidence(
        parties,
        hostility,
        together,
        tuple(seen[at] for at in range(len(parties))),
        tuple(len(crews.get(party, ())) for party in parties),
        tuple(losses[at] for at in range(len(parties))),
    )


def weight(value: float, rules: SideRules) -> float:
    """By order of magnitude, bounded: neither a shuttle nor a titan decides."""
    scale = log10(value) - rules.weight_log_offset if value > 0 else rules.weight_least
    return min(max(scale, rules.weight_least), rules.weight_most)


def _add_all(graph: Graph, roots: Mapping[int, float], amount: float) -> None:
    """Every pair by the smaller share of the two."""
    ranked = sorted(roots.items(), key=lambda entry: (entry[1], entry[0]))
    for rank, (a, root) in enumerate(ranked):
        least, row = amount * root, graph[a]
        for b, _ in ranked[rank + 1 :]:
            row[b] = row.get(b, 0.0) + least
            other = graph[b]
            other[a] = other.get(a, 0.0) + least


def _add(graph: Graph, a: int, b: int, amount: float) -> None:
    graph[a][b] = graph[a].get(b, 0.0) + amount
    graph[b][a] = graph[b].get(a, 0.0) + amount


def _crews(mails: Iterable[Mail]) -> dict[Party, set[int]]:
    crews: dict[Party, set[int]] = {}
    for party, pilot in frozenset[tuple[Party, int]]().union(*(mail.crew for mail in mails)):
        crews.setdefault(party, set()).add(pilot)
    return crews
