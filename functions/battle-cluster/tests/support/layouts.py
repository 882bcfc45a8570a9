"""Random size, length and number of pilots of fights, as on four real days (November 2021, 57,461 killmails).

A *base cluster* of those statistics is PvP of one system without a pause of more than 15 minutes, connected by shared
pilots. It describes fights and is no ground truth of battles.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, log
from random import Random

LONGEST_PAUSE = 15 * 60.0
"""By the definition of a base cluster."""

LARGEST = 400
"""The largest system-hour of those days had 406 killmails."""


@dataclass(frozen=True)
class FightShape:
    """Statistics of fights from this size on; medians, apart from the gap.

    gap: mean and sigma of ln(gap in seconds + 1).
    smaller: pilots of the smaller side divided by those of the larger.
    one_sided: the probability that one side loses nothing.
    attendance: the share of its side that is on a killmail.
    """

    min_killmails: int
    gap: tuple[float, float]
    smaller: float
    one_sided: float
    attendance: float


SHAPES = (
    FightShape(1, (3.87, 1.60), 0.50, 0.53, 0.57),
    FightShape(10, (3.44, 1.72), 0.57, 0.31, 0.41),
    FightShape(20, (2.53, 1.76), 0.59, 0.16, 0.30),
    FightShape(50, (2.44, 1.77), 0.66, 0.08, 0.21),
    FightShape(100, (1.92, 1.50), 0.71, 0.00, 0.15),
)


def shape_of(killmail_count: int) -> FightShape:
    return SHAPES[bisect_right([entry.min_killmails for entry in SHAPES], killmail_count) - 1]


def draw_size(rng: Random, min_killmails: int = 1) -> int:
    """P(1) .458, P(2) .337, from 3 on a power law of exponent 2.29."""
    probability = rng.random()
    if min_killmails < 3 and probability < 0.458 + 0.337:
        size = 1 if probability < 0.458 else 2
        return max(size, min_killmails)
    return min(int(max(3, min_killmails) * (1 - rng.random()) ** (-1 / 1.29)), LARGEST)


def draw_minutes(rng: Random, killmail_count: int) -> float:
    """ln(minutes + 1) = .903 + .657 ln k, sigma .80."""
    return max(0.0, exp(rng.gauss(0.903 + 0.657 * log(killmail_count), 0.80)) - 1)


def draw_pilots(rng: Random, killmail_count: int) -> int:
    """ln(pilots) = .674 + .883 ln k, sigma .62; a victim and an attacker at least."""
    return max(2, round(exp(rng.gauss(0.674 + 0.883 * log(killmail_count), 0.62))))


def draw_sides(rng: Random, killmail_count: int) -> tuple[int, int]:
    """Pilots of the larger and of the smaller side, in the median ratio."""
    pilots = draw_pilots(rng, killmail_count)
    smaller = max(1, round(pilots * shape_of(killmail_count).smaller / (1 + shape_of(killmail_count).smaller)))
    return max(1, pilots - smaller), smaller


def draw_parties(rng: Random, pilots: int) -> int:
    """Parties per side: 1/4/17 (p10/50/90), and at most one for two pilots."""
    return max(1, min(round(exp(rng.gauss(log(4), 1.1))), (pilots + 1) // 2))


def draw_times(rng: Random, killmail_count: int) -> list[float]:
    """Seconds since the first killmail: log-normal gaps scaled to a random length, none longer than 15 min."""
    gaps = [exp(rng.gauss(*shape_of(killmail_count).gap)) - 1 for _ in range(killmail_count - 1)]
    scale = draw_minutes(rng, killmail_count) * 60 / max(sum(max(gap, 0.0) for gap in gaps), 1.0)
    return _cumulative([min(max(gap, 0.0) * scale, LONGEST_PAUSE) for gap in gaps])


def draw_times_of_length(rng: Random, killmail_count: int, minutes: float) -> list[float]:
    """Seconds since the first killmail, for a length in minutes; coefficient of variation 1.7, as with 20 killmails."""
    gaps = [rng.lognormvariate(0, 1.2) for _ in range(killmail_count - 1)]
    scale = minutes * 60 / max(sum(gaps), 1e-9)
    return _cumulative([min(gap * scale, 240.0) for gap in gaps])


def _cumulative(gaps: Sequence[float]) -> list[float]:
    times = [0.0]
    for gap in gaps:
        times.append(times[-1] + gap)
    return times
