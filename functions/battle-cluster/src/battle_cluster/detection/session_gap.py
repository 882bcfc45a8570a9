"""How long a fight may pause before it ends. The gap follows the pace of the killmails around it, in event time."""

from collections.abc import Sequence
from itertools import pairwise
from statistics import median

from battle_cluster.detection.rules import DetectionRules


def inactivity_gaps(times: Sequence[int], rules: DetectionRules) -> list[int]:
    """The inactivity gap, in seconds, at each of the sorted times of one system's combat killmails."""
    return [_inactivity_gap(_nearby_gaps(times, index, rules), rules) for index in range(len(times))]


def _nearby_gaps(times: Sequence[int], index: int, rules: DetectionRules) -> list[int]:
    """Up to three gaps on each side, all within the window: the result never depends on killmails further away."""
    each_way = rules.gaps_each_way
    near = [
        time
        for time in times[max(0, index - each_way) : index + each_way + 1]
        if abs(time - times[index]) <= rules.window
    ]
    return [later - earlier for earlier, later in pairwise(near)]


def _inactivity_gap(gaps: Sequence[int], rules: DetectionRules) -> int:
    if len(gaps) < rules.min_known_gaps:
        return rules.default_gap
    return round(min(max(rules.gap_factor * median(gaps), rules.min_gap), rules.max_gap))
