"""The floor for sides: two colours by strongest hostility, nothing else. Right in nearly every clear fight."""

from collections import Counter
from collections.abc import Sequence

from battle_cluster.domain.killmail import Killmail, Party


def two_coloured(mails: Sequence[Killmail]) -> dict[Party, int]:
    """A colour per party; parties that nothing connects to the rest get colours by their own edges."""
    hostility: Counter[tuple[Party, Party]] = Counter()
    for mail in mails:
        attackers = Counter(a.party for a in mail.attackers if a.party is not None)
        if mail.victim.party is not None:
            for party, heads in attackers.items():
                if party != mail.victim.party:
                    low, high = sorted((party, mail.victim.party))
                    hostility[low, high] += heads
    parent = {party: (party, 0) for mail in mails for party in mail.parties()}

    def root(party: Party) -> tuple[Party, int]:
        colour = 0
        while parent[party][0] != party:
            party, flip = parent[party]
            colour ^= flip
        return party, colour

    for (a, b), _ in sorted(hostility.items(), key=lambda edge: (-edge[1], edge[0])):
        (first, one), (second, two) = root(a), root(b)
        if first != second:
            parent[max(first, second)] = (min(first, second), one ^ two ^ 1)
    return {party: root(party)[1] for party in parent}
