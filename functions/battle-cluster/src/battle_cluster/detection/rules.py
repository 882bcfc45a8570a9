"""The rules of detection: every constant with the reason for its value."""

from dataclasses import dataclass
from functools import cached_property
from typing import Self

MINUTE = 60


@dataclass(frozen=True)
class DetectionRules:
    """When killmails belong to one battle. Times in seconds, ISK in ISK, shares between 0 and 1."""

    window: int = 30 * MINUTE
    """How far around a killmail pilots are followed, and the longest pause between two rounds of one battle."""

    quiet_limit: int = 10 * MINUTE
    """A fight ends after ten minutes without a loss. Fleets change ships and gates within that: .67 of killmails 5 to
    10 min apart share a pilot. A limit that follows the pace, 6 to 20 min, cut fast fights and glued slow ones."""

    max_absence: int = 20 * MINUTE
    """How long a pilot may be unseen in a fight that is not silent meanwhile, or between lone losses. From 20 min on a
    shared pilot predicts no better than chance; `round-two` links further, on more conditions."""

    lone_losses: int = 2
    """A ship and its capsule are no fight whose silence could be judged."""

    simultaneity_window: int = 4 * MINUTE
    """`same-moment`: two shared parties within 4 min are one engagement; later a shared alliance proves nothing."""

    simultaneity_parties: int = 2
    """One shared alliance is weak: hours later half of a system's killmails still share one."""

    crew_share: float = 1 / 3
    """A third of the pilots of the smaller engagement must be on both before it counts as one that paused or moved: one
    pilot in two systems is a scout among many, and the whole gang if it has two."""

    moved_share_unknown_hole: float = 0.5
    """Without a gate route (wormholes) distance is unknown, so more pilots must be on both engagements."""

    jump_share: float = 2 / 3
    """Two thirds of the pilots of the smaller engagement, on both sides of a gate within `simultaneity_window`, are in
    one fight, with or without a common enemy: four minutes are a jump or two, no search for others. A capsule has its
    killers beside it, and a gang that meets as many others next door fights another fight."""

    round_enemies: float = 0.5
    """Half of the enemies of the engagement with fewer must appear again, else it is the next fight of a roam."""

    siege_window: int = 60 * MINUTE
    """A structure dies slowly: killmails of one structure stay together for an hour."""

    capsule_window: int = 15 * MINUTE
    """A capsule dies 79 s (median) after its ship, nine in ten within 3 min; later ones were chased."""

    non_combat_slack: int = MINUTE
    """CONCORD attacks within half a minute, so its killmails can be later than the last kill of the fight."""

    min_guest_fight: int = 3
    """Both fights need three killmails before the only pilot on both counts as a guest of one of them."""

    guest_share: float = 1 / 3
    """A pilot on more than a third of a fight's killmails is one of its fighters, no guest who got onto one."""

    min_kills: int = 2
    """A component of this size is published as a battle."""

    skirmish_killmails: int = 3
    skirmish_parties: int = 2
    skirmish_pilots: int = 5
    """More than a duel and its capsules: one in five components."""

    battle_killmails: int = 10
    battle_pilots: int = 20
    battle_isk: float = 5e9
    """What players call a battle: about 141 components a day by killmails alone."""

    major_killmails: int = 100
    """About five a day in all New Eden: the ones that make the news."""

    lull: int = 5 * MINUTE
    suggestion_min_part: int = 3
    suggestion_max_shared: float = 0.1
    """A split is suggested at a lull of five minutes, between parts of three killmails that share a tenth of the
    pilots of the smaller part."""

    suggestion_max_killmails: int = 80
    """Larger battles are searched for lulls only: comparing all pairs of killmails takes too long for a suggestion."""

    @classmethod
    def from_configuration(cls, window_minutes: int, gap_max_minutes: int, min_kills: int) -> Self:
        """Rules with the three settings that an administrator may change; the others follow from the game."""
        max_absence = gap_max_minutes * MINUTE
        return cls(
            window=window_minutes * MINUTE,
            quiet_limit=min(cls().quiet_limit, max_absence),
            max_absence=max_absence,
            min_kills=min_kills,
        )

    @cached_property
    def max_pause(self) -> int:
        """The longest time between two killmails of one system that a shared pilot can link without more conditions."""
        return max(self.quiet_limit, self.max_absence)

    @cached_property
    def max_gap_within_system(self) -> int:
        """The longest time between killmails of one system that can be linked, apart from those of a siege."""
        return max(self.window, self.max_pause, self.capsule_window, self.simultaneity_window)

    @cached_property
    def max_link_distance(self) -> int:
        """The longest time over which a killmail can change links of others; `neighbourhood.py` says which links.

        A killmail that joins a lone loss ends its right to wait, and so a link from the other end of the lone loss.
        """
        lone_loss_reach = self.quiet_limit * self.lone_losses + self.max_pause
        return max(self.max_gap_within_system, self.siege_window, lone_loss_reach)

    @cached_property
    def pilot_window(self) -> int:
        """The longest time between killmails of different systems that a shared pilot can link."""
        return max(self.window, self.capsule_window)


DEFAULT_RULES = DetectionRules()
