"""How killmails arrive: late, out of order, repeated, a day late, never. Archives have no arrival times to copy."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from random import Random

from battle_cluster.domain.killmail import Killmail

DAY = 24 * 3600


@dataclass(frozen=True)
class Feed:
    """Delays of a feed, in seconds, and its faults, as probabilities.

    delay: log-normal parameters of the usual delay; two measured uploads took 53 and 128 s.
    late: 5 to 60 minutes more, as when the server of an uploader is down.
    day_late: 1 to 72 hours more, since uploaders may hold killmails back.
    lost: no arrival at all.
    repeated: a second arrival.
    poll_interval: seconds between two requests to the feed.
    """

    delay: tuple[float, float] = (4.4, 0.5)
    late: float = 0.10
    day_late: float = 0.02
    lost: float = 0.0
    repeated: float = 0.05
    poll_interval: float = 60.0


def arrivals(killmails: Iterable[Killmail], feed: Feed, rng: Random) -> list[tuple[float, Killmail]]:
    """Arrival time and killmail, in order of arrival; simultaneous arrivals are in random order."""
    stream = [(arrival, rng.random(), killmail) for killmail in killmails for arrival in _times(killmail, feed, rng)]
    return [(arrival, killmail) for arrival, _, killmail in sorted(stream, key=lambda entry: entry[:2])]


def batches(stream: Sequence[tuple[float, Killmail]], feed: Feed) -> Iterator[list[Killmail]]:
    """The killmails of each request to the feed."""
    for _, entries in groupby(stream, key=lambda entry: entry[0] // feed.poll_interval):
        yield [killmail for _, killmail in entries]


def _times(killmail: Killmail, feed: Feed, rng: Random) -> Iterator[float]:
    if rng.random() < feed.lost:
        return
    yield _time(killmail, feed, rng)
    if rng.random() < feed.repeated:
        yield _time(killmail, feed, rng)


def _time(killmail: Killmail, feed: Feed, rng: Random) -> float:
    delay = rng.lognormvariate(*feed.delay)
    if rng.random() < feed.late:
        delay += rng.uniform(300, 3600)
    if rng.random() < feed.day_late:
        delay += rng.uniform(3600, 3 * DAY)
    return killmail.time + delay
