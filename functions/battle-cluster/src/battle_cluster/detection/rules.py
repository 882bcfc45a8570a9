"""The game rules of detection and of sides: every constant with the reason for its value."""

from dataclasses import dataclass
from typing import Self

MINUTE = 60


@dataclass(frozen=True, slots=True)
class DetectionRules:
    """What makes two mails one battle. Times in seconds, ISK in ISK, shares between 0 and 1."""

    window: int = 30 * MINUTE
    """The neighbourhood searched around a mail and the longest pause between two rounds of one battle."""

    default_gap: int = 15 * MINUTE
    """The quiet limit while fewer than `quiet_known` gaps are known: in the middle of the adaptive band."""

    quiet_factor: int = 6
    """Six times the local median gap: a fight of one mail in 3 min may pause 18 min, one of 5 s ends after 6 min."""

    min_gap: int = 6 * MINUTE
    """A shorter limit would cut at every warp-off; a shared pilot is still seen in .67 of mails 5-10 min apart."""

    max_gap: int = 20 * MINUTE
    """From 20 min on a shared pilot is no better than a coin toss; `round-two` looks further with more conditions."""

    quiet_gaps_each_way: int = 3
    """Three gaps before and three after a mail: about six, so that one long lull does not move the median."""

    quiet_known: int = 3
    """With fewer gaps a median is one odd value."""

    simultaneity_window: int = 4 * MINUTE
    """`same-moment`: two shared parties within 4 min are one engagement; later a shared alliance proves nothing."""

    moment_parties: int = 2
    """One shared alliance is weak: hours later half of a system's mails still share one."""

    crew_share: float = 0.34
    """A third of the smaller crew must be the same people before two fights are one that paused or moved."""

    moved_pilots: int = 2
    """One pilot seen in two systems is a scout or a straggler, no fleet."""

    moved_share_unknown_hole: float = 0.5
    """Where no gate route is known (wormholes) distance says nothing, so more of the crew must be the same."""

    round_enemies: float = 0.5
    """Half of the enemies known on the side with fewer must be met again, else it is the next fight of a roam."""

    siege_window: int = 60 * MINUTE
    """A structure dies slowly: mails of one structure stay together for an hour."""

    capsule: int = 15 * MINUTE
    """A capsule follows its ship after 79 s (median), nine in ten within 3 min; later ones are chases."""

    shown_slack: int = MINUTE
    """CONCORD answers within half a minute, so the mails it writes may lie just behind the last kill."""

    bridge_part: int = 3
    """Two strangers' fights need three mails each before one common pilot counts as a bridge between them."""

    min_kills: int = 2
    """The size from which a component is published."""

    skirmish_mails: int = 3
    skirmish_parties: int = 2
    skirmish_pilots: int = 5
    """More than a duel and its capsules: one in five clusters."""

    battle_mails: int = 10
    battle_pilots: int = 20
    battle_isk: float = 5e9
    """What players call a battle: about 141 clusters a day by mails alone."""

    major_mails: int = 100
    """About five a day in all New Eden: what news is made of."""

    lull: int = 5 * MINUTE
    suggest_part: int = 3
    suggest_crew: float = 0.1
    """A split is suggested at five quiet minutes, between halves of three mails that share a tenth of a crew."""

    suggest_most: int = 80
    """Larger battles are searched for lulls only: comparing all crews with all takes too long for a hint."""

    @classmethod
    def from_configuration(cls, window_minutes: int, gap_max_minutes: int, min_kills: int) -> Self:
        """The three settings an administrator may change; everything else is the game's."""
        return cls(
            window=window_minutes * MINUTE,
            default_gap=gap_max_minutes * MINUTE,
            min_kills=min_kills,
        )

    @property
    def longest_quiet(self) -> int:
        return max(self.max_gap, self.default_gap)


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


DEFAULT_RULES = DetectionRules()
DEFAULT_SIDE_RULES = SideRules()
