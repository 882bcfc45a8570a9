"""How large, long and crowded fights are: drawn from the figures of four real days (November 2021, 57,461 mails).

A *base cluster* of those figures is PvP of one system without a pause of more than 15 minutes, held together by shared
pilots: it says how fights look, and is no truth about battles.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, log
from random import Random

LONGEST_PAUSE = 15 * 60.0
"""By definition of a base cluster."""

LARGEST = 400
"""The largest system-hour of those days had 406 mails."""


@dataclass(frozen=True)
class Shape:
    """One row of the figures by size: ln(gap s + 1), the smaller side by the larger, the chance that one side loses
    nothing, and what part of its side is on a mail; medians but for the gap."""

    least: int
    gap: tuple[float, float]
    smaller: float
    one_sided: float
    attendance: float


SHAPES = (
    Shape(1, (3.87, 1.60), 0.50, 0.53, 0.57),
    Shape(10, (3.44, 1.72), 0.57, 0.31, 0.41),
    Shape(20, (2.53, 1.76), 0.59, 0.16, 0.30),
    Shape(50, (2.44, 1.77), 0.66, 0.08, 0.21),
    Shape(100, (1.92, 1.50), 0.71, 0.00, 0.15),
)


def shape(mails: int) -> Shape:
    return SHAPES[bisect_right([one.least for one in SHAPES], mails) - 1]


def drawn_size(rng: Random, least: int = 1) -> int:
    """P(1) .458, P(2) .337, from 3 on a power law of exponent 2.29."""
    chance = rng.random()
    if least < 3 and chance < 0.458 + 0.337:
        size = 1 if chance < 0.458 else 2
        return max(size, least)
    return min(int(max(3, least) * (1 - rng.random()) ** (-1 / 1.29)), LARGEST)


def drawn_minutes(rng: Random, mails: int) -> float:
    """ln(minutes + 1) = .903 + .657 ln k, sigma .80."""
    return max(0.0, exp(rng.gauss(0.903 + 0.657 * log(mails), 0.80)) - 1)


def drawn_pilots(rng: Random, mails: int) -> int:
    """ln(pilots) = .674 + .883 ln k, sigma .62; a victim and an attacker at least."""
    return max(2, round(exp(rng.gauss(0.674 + 0.883 * log(mails), 0.62))))


def drawn_sides(rng: Random, mails: int) -> tuple[int, int]:
    """Pilots of the larger and of the smaller side, by the median ratio of their size."""
    pilots = drawn_pilots(rng, mails)
    smaller = max(1, round(pilots * shape(mails).smaller / (1 + shape(mails).smaller)))
    return max(1, pilots - smaller), smaller


def drawn_parties(rng: Random, pilots: int) -> int:
    """Parties a side 1/4/17 (p10/50/90); a small side has at most one for two pilots."""
    return max(1, min(round(exp(rng.gauss(log(4), 1.1))), (pilots + 1) // 2))


def drawn_times(rng: Random, mails: int) -> list[float]:
    """Seconds from the first mail: gaps log-normal by size, stretched to a drawn length, none longer than 15 min."""
    gaps = [exp(rng.gauss(*shape(mails).gap)) - 1 for _ in range(mails - 1)]
    scale = drawn_minutes(rng, mails) * 60 / max(sum(max(gap, 0.0) for gap in gaps), 1.0)
    return _summed([min(max(gap, 0.0) * scale, LONGEST_PAUSE) for gap in gaps])


def rhythm(rng: Random, mails: int, minutes: float) -> list[float]:
    """Seconds from the first mail, of a wanted length; the gaps' coefficient of variation is 1.7, as of 20 mails."""
    gaps = [rng.lognormvariate(0, 1.2) for _ in range(mails - 1)]
    scale = minutes * 60 / max(sum(gaps), 1e-9)
    return _summed([min(gap * scale, 240.0) for gap in gaps])


def _summed(gaps: Sequence[float]) -> list[float]:
    times = [0.0]
    for gap in gaps:
        times.append(times[-1] + gap)
    return times
