"""The rules of detection: every constant with the reason for its value."""

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


DEFAULT_RULES = DetectionRules()
