"""How mails come in: late, out of order, twice, a day late, never. Archives hold no order of arrival: it is a dial."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from random import Random

from battle_cluster.domain.killmail import Killmail

DAY = 24 * 3600


@dataclass(frozen=True)
class Feed:
    """delay: log-normal seconds; two measured uploads took 53 and 128 s.

    late: chance of 5 to 60 minutes more, as when a poster's own server hangs.
    day_late: chance of 1 to 72 hours more, as posters may hold mails.
    lost: chance of no arrival at all. twice: chance of a second one. poll: seconds between two looks at the feed.
    """

    delay: tuple[float, float] = (4.4, 0.5)
    late: float = 0.10
    day_late: float = 0.02
    lost: float = 0.0
    twice: float = 0.05
    poll: float = 60.0


def arrivals(mails: Iterable[Killmail], feed: Feed, rng: Random) -> list[tuple[float, Killmail]]:
    """When each mail comes in, in that order; of two at once the order is by chance."""
    stream = [(arrival, rng.random(), mail) for mail in mails for arrival in _times(mail, feed, rng)]
    return [(arrival, mail) for arrival, _, mail in sorted(stream, key=lambda entry: entry[:2])]


def batches(stream: Sequence[tuple[float, Killmail]], feed: Feed) -> Iterator[list[Killmail]]:
    """What each look at the feed finds."""
    for _, found in groupby(stream, key=lambda entry: entry[0] // feed.poll):
        yield [mail for _, mail in found]


def _times(mail: Killmail, feed: Feed, rng: Random) -> Iterator[float]:
    if rng.random() < feed.lost:
        return
    yield _time(mail, feed, rng)
    if rng.random() < feed.twice:
        yield _time(mail, feed, rng)


def _time(mail: Killmail, feed: Feed, rng: Random) -> float:
    delay = rng.lognormvariate(*feed.delay)
    if rng.random() < feed.late:
        delay += rng.uniform(300, 3600)
    if rng.random() < feed.day_late:
        delay += rng.uniform(3600, 3 * DAY)
    return mail.time + delay
