"""The rules of side assignment: every constant with the reason for its value."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SideRules:
    """How evidence becomes sides."""

    weight_log_offset: float = 5.0
    """A loss of 1m ISK weighs one unit, 10m two: value counts, but by its order of magnitude."""

    min_weight: float = 0.3
    """The loss of a free ship is evidence too."""

    max_weight: float = 3.0
    """One titan must not decide a fight of hundreds."""

    friendly_fire: float = 0.25
    """Bombs and smartbombs hit friends: such a killmail is weak evidence of who is whose enemy."""

    hostility: float = 3.0
    """Lambda. At 1 small third parties are swallowed, at 6 friendly fire breaks sides apart; 2-4 is usable."""

    hostility_hard: float = 6.0
    """Lambda where two parties mostly shot each other: a soft cannot-link."""

    hard_share: float = 0.15
    """From this share of the smaller party's total hostility, two parties count as mostly shooting each other."""

    fit_hostility: float = 2.5
    """Lambda where one party chooses between clusters: nothing merges there, so that a soft cannot-link is not needed.
    At 2 third parties of hard fights join a side, at 3 more parties of messy real fights stay between two sides."""

    move_share: float = 0.25
    """Where shots at each other are more than a quarter of all hostility of a party or of a cluster, they are enemies:
    the party does not move there, and the cluster is no alternative to its own. Allies hit each other less; kill
    stealers and third parties come out near a half."""

    balance_mutual: float = 0.05
    """Clusters that share an enemy and hardly shoot each other are one side: losers of a stomp never attack."""

    balance_alike: float = 0.85
    """In coalition fights bombs hit allies too. Clusters that spend this much of their hostility on the same enemies
    still merge while they do not mostly shoot each other (`hard_share`): losers of a rout hardly attack together."""

    balance_friendly: float = 0.25
    balance_similarity: float = 0.7
    """Clusters with up to a quarter of mutual hostility merge when they also attacked together more than each other.
    A third party, which shoots both sides, and each of three sides come out near .5 in both figures."""

    third_party_pilots: float = 0.10
    """A cluster with less than a tenth of the pilots and a small margin is a third party rather than a side."""

    third_party_margin: float = 0.5
    """The margin below which such a small cluster counts as a third party."""

    unassigned: float = 0.2
    """A party with a smaller margin is shown as unassigned, one click away from being pinned."""

    confidence_mass: float = 3.0
    confidence_power: int = 5
    """A margin becomes a probability: `(1 - 1 / (mass + 3)) * (1 - (1 - margin) ** 5)`, the maximum likelihood fit on
    simulated fights, half of them drawn from real figures and half hard. `make bench-battles` measures the fit on
    others."""

    awox_share: float = 0.5
    """A pilot is an awoxer when half of the pilot's victims were of the own party."""

    split_killmails: int = 3
    split_pilots: int = 2
    """A party is split over two sides only on the evidence of several pilots on several killmails, on both sides."""

    split_share: float = 0.05
    """And only when one in twenty of its pilots who shot crossed over. Of 277 pilots in a coalition fight two always
    hit more friends than enemies by accident."""

    prior_killmails: int = 3
    """A prior counts only where one of its two parties is on fewer killmails than this."""

    prior_weight: float = 0.1
    """About a tenth of the evidence of the lightest killmail: a prior breaks ties and never outweighs evidence."""


DEFAULT_SIDE_RULES = SideRules()
