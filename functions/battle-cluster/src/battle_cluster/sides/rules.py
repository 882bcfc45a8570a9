"""The rules of side assignment: every constant with the reason for its value."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SideRules:
    """How evidence becomes sides."""

    weight_log_offset: float = 5.0
    """A loss of 1m ISK weighs one unit, 10m two: value counts, but by its order of magnitude."""

    weight_least: float = 0.3
    """A free ship is still a shot fired."""

    weight_most: float = 3.0
    """One titan must not decide a fight of hundreds."""

    friendly_fire: float = 0.25
    """Bombs and smartbombs hit friends: such a mail tells little about who is whose enemy."""

    hostility: float = 3.0
    """Lambda. At 1 small third parties are swallowed, at 6 friendly fire breaks sides apart; 2-4 is usable."""

    hostility_hard: float = 6.0
    """Lambda where two parties mostly shot each other: a soft cannot-link."""

    hard_share: float = 0.15
    """From this share of the smaller party's total hostility on they count as mostly shooting each other."""

    balance_mutual: float = 0.05
    """Clusters that share an enemy and hardly shoot each other are one side: losers of a stomp never attack."""

    balance_alike: float = 0.85
    """In coalition fights bombs hit allies too. Clusters that spend this much of their hostility on the same enemies
    still merge while they do not mostly shoot each other (`hard_share`): losers of a rout hardly shoot together."""

    balance_friendly: float = 0.25
    balance_likeness: float = 0.7
    """And up to a quarter, when they also shot together more than at each other. A third party, which shoots both
    sides, and each of three sides come out near .5 in both figures."""

    third_pilots: float = 0.10
    """Below a tenth of the pilots, with a small margin, a cluster is a third party rather than a side."""

    third_margin: float = 0.5
    """Confidence below which such a small cluster counts as a third party."""

    unassigned: float = 0.2
    """Below this confidence a party is shown as unassigned, one click away from being pinned."""

    sure_mass: float = 3.0
    sure_power: int = 5
    """A margin becomes a probability: `(1 - 1 / (mass + 3)) * (1 - (1 - margin) ** 5)`, likeliest on simulated fights,
    half of them drawn from real figures and half hard. `make bench-battles` shows how well it holds on others."""

    awox_share: float = 0.5
    """A pilot of whose victims half are his own people is an awoxer."""

    split_mails: int = 3
    split_pilots: int = 2
    """A party is split over sides only on the evidence of several people on several mails, on both sides."""

    prior_mails: int = 3
    """Priors break ties between parties of whom fewer mails than this tell anything."""

    prior_weight: float = 0.1
    """A prior is worth a tenth of the lightest mail's evidence or so: it tips, it never carries."""


DEFAULT_SIDE_RULES = SideRules()
