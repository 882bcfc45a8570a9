"""How fights are measured out: draws after four days of all New Eden's killmails (2021-11-27 to 30).

The constants are that data's figures per connected fight: sizes, minutes, pilots, gaps, attackers.
"""

from collections.abc import Sequence
from itertools import accumulate
from math import exp, log
from random import Random
from typing import Final, TypeVar

from battlescope_upstream.simulation.universe import Space

T = TypeVar("T")

ONE_MAIL: Final = 0.458
TWO_MAILS: Final = 0.337
TAIL: Final = 2.29  # power law of the sizes from three mails on
QUIET: Final = 14 * 60  # the data's fights were cut at pauses of 15 minutes, so a fight's own are shorter
# Capsules per ship loss, by space.
CAPSULES: Final[dict[Space, float]] = {
    "nullsec": 0.55,
    "highsec": 0.52,
    "pochven": 0.46,
    "wormhole": 0.36,
    "lowsec": 0.30,
}
# Where PvP happens, by mails and without abyssal space.
PVP: Final[dict[Space, float]] = {"nullsec": 0.557, "lowsec": 0.246, "wormhole": 0.1, "highsec": 0.067, "pochven": 0.03}
_PAIR_IS_CAPSULE: Final = 0.8  # two mails are mostly a ship and its capsule
# How often one side loses nothing, by size.
_STOMPS: Final = ((10, 0.53), (20, 0.31), (50, 0.16), (100, 0.08))
_IDLE_SHARE: Final = 0.29  # attackers without damage: tackle, jamming, drones on the way


def fight_size(rng: Random, largest: int) -> int:
    """How many mails a fight leaves: one, two, or a power law, cut off at `largest`."""
    draw = rng.random()
    if draw < ONE_MAIL or largest < 2:  # noqa: PLR2004  # a size of one is all that is left
        return 1
    if draw < ONE_MAIL + TWO_MAILS:
        return 2
    tail = 2.5 * (1 - rng.random()) ** (-1 / (TAIL - 1))
    return min(largest, int(tail + 0.5))


def ship_losses(rng: Random, mails: int, capsule_share: float) -> tuple[int, float]:
    """Ship losses among so many mails, and the chance of a capsule behind each."""
    if mails == 1:
        return 1, 0.0
    if mails == 2:  # noqa: PLR2004  # the pair is a case of its own
        return (1, 1.0) if rng.random() < _PAIR_IS_CAPSULE else (2, 0.0)
    return max(1, round(mails / (1 + capsule_share))), capsule_share


def minutes(rng: Random, mails: int) -> float:
    drawn = exp(rng.gauss(0.903 + 0.657 * log(mails), 0.8)) - 1
    return max(0.2, min(drawn, 0.7 * (mails - 1) * QUIET / 60))


def crew_size(rng: Random, mails: int) -> int:
    return max(2, round(exp(rng.gauss(0.674 + 0.883 * log(mails), 0.5))))


def loss_times(rng: Random, count: int, seconds: float) -> list[int]:
    """Rising moments from zero, with bursts and pauses (log-normal gaps), no pause longer than a fight's."""
    gaps = [exp(rng.gauss(0.0, 1.3)) for _ in range(count - 1)]
    scale = seconds / sum(gaps) if gaps else 0.0
    return [0, *accumulate(min(QUIET, round(gap * scale)) for gap in gaps)]


def attackers(rng: Random, mails: int, present: int) -> int:
    """How many shoot one victim; more in larger fights."""
    middle = 0.55 + 0.46 * log(max(mails, 3) / 3)
    return max(1, min(present, round(exp(rng.gauss(middle, 1.0)))))


def damage_weights(rng: Random, count: int) -> list[float]:
    """Falling shares of the damage; somebody always did some."""
    weights = [0.0 if rng.random() < _IDLE_SHARE else rng.expovariate(1.0) for _ in range(count)]
    weights[0] = max(weights[0], 0.1)
    return sorted(weights, reverse=True)


def capsule_delay(rng: Random) -> int:
    return max(2, round(exp(rng.gauss(log(79), 0.58))))


def losing_share(rng: Random, mails: int) -> float:
    """The part of the losses that falls on the weaker of two sides."""
    stomp = next((chance for below, chance in _STOMPS if mails < below), 0.0)
    return 1.0 if rng.random() < stomp else rng.uniform(0.5, 0.85)


def space_of_fight(rng: Random) -> Space:
    return rng.choices(tuple(PVP), tuple(PVP.values()))[0]


def zipf_choice(rng: Random, ranked: Sequence[T]) -> T:
    """One of a ranking, as systems are visited: slope -0.9."""
    return rng.choices(ranked, [(rank + 1) ** -0.9 for rank in range(len(ranked))])[0]
