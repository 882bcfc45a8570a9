"""The baseline for sides: two colours by strongest hostility. Correct in nearly every clear fight."""

from collections import Counter
from collections.abc import Sequence

from battle_cluster.domain.killmail import Killmail, Party


def two_colouring(killmails: Sequence[Killmail]) -> dict[Party, int]:
    """The colour of each party. Colours of different connected components are unrelated."""
    hostility: Counter[tuple[Party, Party]] = Counter()
    for killmail in killmails:
        attackers = Counter(a.party for a in killmail.attackers if a.party is not None)
        if killmail.victim.party is not None:
            for party, count in attackers.items():
                if party != killmail.victim.party:
                    low, high = sorted((party, killmail.victim.party))
                    hostility[low, high] += count
    parent = {party: (party, 0) for killmail in killmails for party in killmail.parties()}

    def root(party: Party) -> tuple[Party, int]:
        colour = 0
        while parent[party][0] != party:
            party, flip = parent[party]
            colour ^= flip
        return party, colour

    for (a, b), _ in sorted(hostility.items(), key=lambda edge: (-edge[1], edge[0])):
        (first, first_colour), (second, second_colour) = root(a), root(b)
        if first != second:
            parent[max(first, second)] = (min(first, second), first_colour ^ second_colour ^ 1)
    return {party: root(party)[1] for party in parent}
