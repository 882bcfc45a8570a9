"""Random sizes, durations, crews and gaps of fights, distributed as in four days of real killmails.

The constants are figures of all killmails from 2021-11-27 to 2021-11-30 per connected fight.
"""

from collections.abc import Sequence
from itertools import accumulate
from math import exp, log
from random import Random
from typing import Final, TypeVar

from battlescope_upstream.simulation.universe import Space

T = TypeVar("T")

ONE_KILLMAIL_SHARE: Final = 0.458
TWO_KILLMAILS_SHARE: Final = 0.337
SIZE_EXPONENT: Final = 2.29  # exponent of the power law of sizes from three killmails on
MAX_PAUSE: Final = 14 * 60  # seconds; fights in the data end at a pause of 15 minutes, so pauses within one are shorter
CAPSULES_PER_SHIP: Final[dict[Space, float]] = {
    "nullsec": 0.55,
    "highsec": 0.52,
    "pochven": 0.46,
    "wormhole": 0.36,
    "lowsec": 0.30,
}
# Shares of PvP killmails, without abyssal space.
PVP_SHARE_BY_SPACE: Final[dict[Space, float]] = {
    "nullsec": 0.557,
    "lowsec": 0.246,
    "wormhole": 0.1,
    "highsec": 0.067,
    "pochven": 0.03,
}
_SHIP_AND_CAPSULE_SHARE: Final = 0.8  # of fights with two killmails; the others are two ships
# Share of fights in which one side loses nothing, by the size below which it holds.
_ONE_SIDED_SHARES: Final = ((10, 0.53), (20, 0.31), (50, 0.16), (100, 0.08))
_IDLE_SHARE: Final = 0.29  # of attackers without damage: tackle, jamming, drones under way


def fight_size(rng: Random, largest: int) -> int:
    """Number of killmails of a fight: one, two, or by a power law, at most `largest`."""
    draw = rng.random()
    if draw < ONE_KILLMAIL_SHARE or largest < 2:  # noqa: PLR2004  # only a size of one is possible
        return 1
    if draw < ONE_KILLMAIL_SHARE + TWO_KILLMAILS_SHARE:
        return 2
    size = 2.5 * (1 - rng.random()) ** (-1 / (SIZE_EXPONENT - 1))
    return min(largest, int(size + 0.5))


def ship_losses(rng: Random, killmail_count: int, capsule_share: float) -> tuple[int, float]:
    """Number of ship losses among the killmails, and the chance of a capsule loss after each."""
    if killmail_count == 1:
        return 1, 0.0
    if killmail_count == 2:  # noqa: PLR2004  # two killmails are a special case
        return (1, 1.0) if rng.random() < _SHIP_AND_CAPSULE_SHARE else (2, 0.0)
    return max(1, round(killmail_count / (1 + capsule_share))), capsule_share


def fight_minutes(rng: Random, killmail_count: int) -> float:
    minutes = exp(rng.gauss(0.903 + 0.657 * log(killmail_count), 0.8)) - 1
    return max(0.2, min(minutes, 0.7 * (killmail_count - 1) * MAX_PAUSE / 60))


def crew_size(rng: Random, killmail_count: int) -> int:
    return max(2, round(exp(rng.gauss(0.674 + 0.883 * log(killmail_count), 0.5))))


def loss_times(rng: Random, count: int, seconds: float) -> list[int]:
    """Ascending seconds from zero with log-normal gaps, none longer than `MAX_PAUSE`."""
    gaps = [exp(rng.gauss(0.0, 1.3)) for _ in range(count - 1)]
    scale = seconds / sum(gaps) if gaps else 0.0
    return [0, *accumulate(min(MAX_PAUSE, round(gap * scale)) for gap in gaps)]


def attacker_count(rng: Random, killmail_count: int, present_count: int) -> int:
    """Number of attackers of one victim; larger in larger fights."""
    log_median = 0.55 + 0.46 * log(max(killmail_count, 3) / 3)
    return max(1, min(present_count, round(exp(rng.gauss(log_median, 1.0)))))


def damage_weights(rng: Random, count: int) -> list[float]:
    """Descending shares of the damage; at least one is above zero."""
    weights = [0.0 if rng.random() < _IDLE_SHARE else rng.expovariate(1.0) for _ in range(count)]
    weights[0] = max(weights[0], 0.1)
    return sorted(weights, reverse=True)


def capsule_delay(rng: Random) -> int:
    return max(2, round(exp(rng.gauss(log(79), 0.58))))


def losing_share(rng: Random, killmail_count: int) -> float:
    """Share of the losses that the weaker of two sides has."""
    one_sided_share = next((chance for below, chance in _ONE_SIDED_SHARES if killmail_count < below), 0.0)
    return 1.0 if rng.random() < one_sided_share else rng.uniform(0.5, 0.85)


def space_of_fight(rng: Random) -> Space:
    return rng.choices(tuple(PVP_SHARE_BY_SPACE), tuple(PVP_SHARE_BY_SPACE.values()))[0]


def zipf_choice(rng: Random, ranked: Sequence[T]) -> T:
    """One element of a ranking by Zipf's law with exponent -0.9, as systems are visited."""
    return rng.choices(ranked, [(rank + 1) ** -0.9 for rank in range(len(ranked))])[0]
