"""How long a fight may be silent before it is over: read off the rhythm of the mails around, never off arrival."""

from collections.abc import Sequence
from itertools import pairwise
from statistics import median

from battle_cluster.detection.rules import DetectionRules


def inactivity_gaps(times: Sequence[int], rules: DetectionRules) -> list[int]:
    """The quiet limit at each of the sorted times of one system's fight mails."""
    return [_limit(_gaps(times, at, rules), rules) for at in range(len(times))]


def _gaps(times: Sequence[int], at: int, rules: DetectionRules) -> list[int]:
    """Up to three gaps on each side, none leading outside the window: what lies further can never matter."""
    reach = rules.quiet_gaps_each_way
    near = [t for t in times[max(0, at - reach) : at + reach + 1] if abs(t - times[at]) <= rules.window]
    return [later - earlier for earlier, later in pairwise(near)]


def _limit(gaps: Sequence[int], rules: DetectionRules) -> int:
    if len(gaps) < rules.quiet_known:
        return rules.default_gap
    return round(min(max(rules.quiet_factor * median(gaps), rules.min_gap), rules.max_gap))


def is_over(last_mail: int, quiet: int, watermark: int, feed_delay: int) -> bool:
    """By event time alone: `watermark` is the latest mail time seen anywhere."""
    return watermark - quiet - feed_delay > last_mail
