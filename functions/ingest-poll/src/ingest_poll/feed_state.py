"""What to do next while following the feed: position and answer in, position out. No clock, no chance, no wire.

The feed's rules, and why each wait is as long as it is, stand beside the constants.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

HEAD_LAG: Final = 51  # sequence.json is rewritten only when the head moved further than this
FAR_BELOW: Final = 1_000  # no queue of uploads is that long: so many numbers back, a missing file stays missing
EXPIRED_AFTER: Final = timedelta(hours=24)  # files live that long
HOLES_OF_AN_OLD_CURSOR: Final = 25  # so many in a row are no holes: the files have expired
MOST_TRIES: Final = 10  # of an unusable body; with the waits below some minutes, longer than a CDN's bad moment
THROTTLED_FOR: Final = 10.0  # after 429 without Retry-After
BANNED_FOR: Final = 60.0  # after 403, doubling up to an hour: violators are locked out for up to that long
LONGEST_BAN: Final = 3_600.0
FIRST_FAILURE: Final = 1.0  # transport errors and 5xx: full jitter below 1 s, doubling up to a minute
LONGEST_FAILURE: Final = 60.0


@dataclass(frozen=True, slots=True)
class Found:
    """The asked file holds what a killmail's file should."""


@dataclass(frozen=True, slots=True)
class Missing:
    """404: not published yet, or never."""


@dataclass(frozen=True, slots=True)
class Throttled:
    retry_after: float | None = None


@dataclass(frozen=True, slots=True)
class Forbidden:
    """403: we were too fast, or have no proper User-Agent."""


@dataclass(frozen=True, slots=True)
class Failed:
    reason: str


@dataclass(frozen=True, slots=True)
class Unusable:
    """200 with something else than the asked file: HTML, another sequence from a stale cache, or far too much."""

    reason: str
    body: bytes = b""


Answer = Found | Missing | Throttled | Forbidden | Failed | Unusable


@dataclass(frozen=True, slots=True)
class PollingSchedule:
    """How long a number that is not published is left alone; all patience is a multiple of it."""

    idle: float = 6.0  # the feed's own minimum after a 404

    @property
    def head_every(self) -> float:
        """The head moves every few minutes; asking half a minute apart is close enough."""
        return 5 * self.idle

    def gap_timeout(self, chance: float) -> float:
        """20 to 60 seconds (at 6 s idle): uploads overtake each other for about that long."""
        return self.idle * (10 + 20 * chance) / 3


@dataclass(frozen=True, slots=True)
class FeedPosition:
    """Where we are in the feed and what we last met there. It survives us in one row."""

    cursor: int | None = None
    head: int | None = None
    head_asked_at: datetime | None = None
    quiet_until: datetime | None = None
    skip_at: datetime | None = None
    found_at: datetime | None = None
    holes: int = 0
    tries: int = 0
    failures: int = 0
    bans: int = 0

    def wait(self, now: datetime) -> float:
        return max(0.0, (self.quiet_until - now).total_seconds()) if self.quiet_until else 0.0


@dataclass(frozen=True, slots=True)
class Gap:
    """Sequences that were passed over, both ends included."""

    first: int
    last: int
    reason: str
    after: datetime | None = field(default=None, compare=False)  # when the feed last gave a file


@dataclass(frozen=True, slots=True)
class Transition:
    """Where to go on, what was passed over, and whether the body at hand is given up."""

    position: FeedPosition
    gap: Gap | None = None
    given_up: Unusable | None = None


def wants_head(position: FeedPosition, now: datetime, pace: PollingSchedule) -> bool:
    """Without a cursor always; else when we have reached the head we know, and not too often."""
    if position.cursor is None or position.head_asked_at is None:
        return True
    passed = position.head is None or position.cursor >= position.head
    return passed and (now - position.head_asked_at).total_seconds() >= pace.head_every


def with_head(position: FeedPosition, head: int, now: datetime) -> FeedPosition:
    """The head is known again; without a cursor it is where we start."""
    cursor = head if position.cursor is None else position.cursor
    return replace(position, cursor=cursor, head=head, head_asked_at=now, failures=0, bans=0)


def ahead(position: FeedPosition, most: int) -> int:
    """How many files to ask for at once: below the known head several, beyond it one by one."""
    if position.cursor is None or position.head is None:
        return 1
    return max(1, min(most, position.head - position.cursor + 1))


def step(position: FeedPosition, answer: Answer, now: datetime, pace: PollingSchedule, chance: float) -> Transition:
    """The rule for each answer to the cursor's file. `chance` is in [0, 1)."""
    match answer:
        case Found():
            return Transition(_moved(position, found_at=now, holes=0))
        case Missing():
            return _missing(replace(position, failures=0, bans=0), now, pace, chance)
        case Unusable():
            return _unusable(position, answer, now, chance)
        case _:
            return Transition(after_failure(position, answer, now, chance))


def after_failure(
    position: FeedPosition, answer: Throttled | Forbidden | Failed, now: datetime, chance: float
) -> FeedPosition:
    """The feed did not say: the wait before anything, the head included, is asked for again."""
    match answer:
        case Throttled(retry_after):
            asked = THROTTLED_FOR if retry_after is None else min(retry_after, LONGEST_BAN)
            return _quiet(position, asked * (1 + chance / 2), now)
        case Forbidden():
            ban = _doubled(BANNED_FOR, position.bans, LONGEST_BAN)
            return _quiet(replace(position, bans=position.bans + 1), ban, now)
        case Failed():
            wait = chance * _doubled(FIRST_FAILURE, position.failures, LONGEST_FAILURE)
            return _quiet(replace(position, failures=position.failures + 1), wait, now)


def _moved(position: FeedPosition, *, found_at: datetime | None, holes: int) -> FeedPosition:
    """One further, with everything forgotten that was about the number just left."""
    return FeedPosition(
        cursor=_cursor(position) + 1,
        head=position.head,
        head_asked_at=position.head_asked_at,
        found_at=found_at,
        holes=holes,
    )


def _missing(position: FeedPosition, now: datetime, pace: PollingSchedule, chance: float) -> Transition:
    cursor, head = _cursor(position), position.head
    if head is None or cursor >= head:
        return Transition(replace(_quiet(position, pace.idle, now), skip_at=None))
    if _expired(position, head - cursor, now):
        jumped = FeedPosition(cursor=head, head=head, head_asked_at=position.head_asked_at)
        return Transition(jumped, Gap(cursor, head - 1, "expired", position.found_at))
    skip_at = position.skip_at or now + timedelta(seconds=pace.gap_timeout(chance))
    if head - cursor <= HEAD_LAG and now < skip_at:
        return Transition(replace(_quiet(position, pace.idle, now), skip_at=skip_at))
    return Transition(
        _moved(position, found_at=position.found_at, holes=position.holes + 1),
        Gap(cursor, cursor, "hole", position.found_at),
    )


def _expired(position: FeedPosition, distance: int, now: datetime) -> bool:
    """Nothing found for a day, or only holes and far from the head."""
    away = position.found_at is not None and now - position.found_at > EXPIRED_AFTER
    return (away and distance > HEAD_LAG) or (position.holes >= HOLES_OF_AN_OLD_CURSOR and distance > FAR_BELOW)


def _unusable(position: FeedPosition, answer: Unusable, now: datetime, chance: float) -> Transition:
    if position.tries + 1 >= MOST_TRIES:
        cursor = _cursor(position)
        return Transition(
            _moved(position, found_at=now, holes=0), Gap(cursor, cursor, "unusable", position.found_at), given_up=answer
        )
    wait = chance * _doubled(FIRST_FAILURE, position.tries, LONGEST_FAILURE)
    return Transition(_quiet(replace(position, tries=position.tries + 1), wait, now))


def _doubled(first: float, times: int, most: float) -> float:
    return min(most, first * 2.0 ** min(times, 20))


def _quiet(position: FeedPosition, seconds: float, now: datetime) -> FeedPosition:
    return replace(position, quiet_until=now + timedelta(seconds=seconds))


def _cursor(position: FeedPosition) -> int:
    if position.cursor is None:
        raise ValueError("A file was asked for without a cursor.")
    return position.cursor
