"""What to do next while following the feed: position and answer in, position out. No clock, no chance, no wire.

The feed's rules, and why each wait is as long as it is, stand beside the constants.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

HEAD_LAG: Final = 51  # sequence.json is rewritten only when the head moved further than this
MAX_UPLOAD_BACKLOG: Final = 1_000  # no queue of uploads is that long: so many numbers back, a missing file stays missing
FILE_LIFETIME: Final = timedelta(hours=24)  # files live that long
MAX_CONSECUTIVE_HOLES: Final = 25  # so many in a row are no holes: the files have expired
MAX_TRIES: Final = 10  # of an unusable body; with the waits below some minutes, longer than a CDN's bad moment
DEFAULT_THROTTLE_SECONDS: Final = 10.0  # after 429 without Retry-After
MIN_BAN_SECONDS: Final = 60.0  # after 403, doubling up to an hour: violators are locked out for up to that long
MAX_BAN_SECONDS: Final = 3_600.0
FIRST_FAILURE_SECONDS: Final = 1.0  # transport errors and 5xx: full jitter below 1 s, doubling up to a minute
MAX_FAILURE_SECONDS: Final = 60.0


@dataclass(frozen=True, slots=True)
class FileRead:
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
class RequestFailed:
    reason: str


@dataclass(frozen=True, slots=True)
class UnusableBody:
    """200 with something else than the asked file: HTML, another sequence from a stale cache, or far too much."""

    reason: str
    body: bytes = b""


FeedResponse = FileRead | Missing | Throttled | Forbidden | RequestFailed | UnusableBody


@dataclass(frozen=True, slots=True)
class PollingSchedule:
    """How long a number that is not published is left alone; all patience is a multiple of it."""

    idle_seconds: float = 6.0  # the feed's own minimum after a 404

    @property
    def head_interval(self) -> float:
        """The head moves every few minutes; asking half a minute apart is close enough."""
        return 5 * self.idle_seconds

    def gap_timeout(self, jitter: float) -> float:
        """20 to 60 seconds (at 6 s idle): uploads overtake each other for about that long."""
        return self.idle_seconds * (10 + 20 * jitter) / 3


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

    def wait_seconds(self, now: datetime) -> float:
        return max(0.0, (self.quiet_until - now).total_seconds()) if self.quiet_until else 0.0


@dataclass(frozen=True, slots=True)
class Gap:
    """Sequences that were passed over, both ends included."""

    first: int
    last: int
    reason: str
    after_time: datetime | None = field(default=None, compare=False)  # when the feed last gave a file


@dataclass(frozen=True, slots=True)
class Transition:
    """Where to go on, what was passed over, and whether the body at hand is given up."""

    position: FeedPosition
    gap: Gap | None = None
    abandoned: UnusableBody | None = None


def should_request_head(position: FeedPosition, now: datetime, schedule: PollingSchedule) -> bool:
    """Without a cursor always; else when we have reached the head we know, and not too often."""
    if position.cursor is None or position.head_asked_at is None:
        return True
    passed = position.head is None or position.cursor >= position.head
    return passed and (now - position.head_asked_at).total_seconds() >= schedule.head_interval


def with_head(position: FeedPosition, head: int, now: datetime) -> FeedPosition:
    """The head is known again; without a cursor it is where we start."""
    cursor = head if position.cursor is None else position.cursor
    return replace(position, cursor=cursor, head=head, head_asked_at=now, failures=0, bans=0)


def prefetch_size(position: FeedPosition, maximum: int) -> int:
    """How many files to ask for at once: below the known head several, beyond it one by one."""
    if position.cursor is None or position.head is None:
        return 1
    return max(1, min(maximum, position.head - position.cursor + 1))


def advance(position: FeedPosition, response: FeedResponse, now: datetime, schedule: PollingSchedule, jitter: float) -> Transition:
    """The rule for each answer to the cursor's file. `chance` is in [0, 1)."""
    match response:
        case FileRead():
            return Transition(_advanced(position, found_at=now, holes=0))
        case Missing():
            return _after_missing(replace(position, failures=0, bans=0), now, schedule, jitter)
        case UnusableBody():
            return _after_unusable(position, response, now, jitter)
        case _:
            return Transition(after_failure(position, response, now, jitter))


def after_failure(
    position: FeedPosition, response: Throttled | Forbidden | RequestFailed, now: datetime, jitter: float
) -> FeedPosition:
    """The feed did not say: the wait before anything, the head included, is asked for again."""
    match response:
        case Throttled(retry_after):
            asked = DEFAULT_THROTTLE_SECONDS if retry_after is None else min(retry_after, MAX_BAN_SECONDS)
            return _paused(position, asked * (1 + jitter / 2), now)
        case Forbidden():
            ban = _exponential(MIN_BAN_SECONDS, position.bans, MAX_BAN_SECONDS)
            return _paused(replace(position, bans=position.bans + 1), ban, now)
        case RequestFailed():
            wait_seconds = jitter * _exponential(FIRST_FAILURE_SECONDS, position.failures, MAX_FAILURE_SECONDS)
            return _paused(replace(position, failures=position.failures + 1), wait_seconds, now)


def _advanced(position: FeedPosition, *, found_at: datetime | None, holes: int) -> FeedPosition:
    """One further, with everything forgotten that was about the number just left."""
    return FeedPosition(
        cursor=_required_cursor(position) + 1,
        head=position.head,
        head_asked_at=position.head_asked_at,
        found_at=found_at,
        holes=holes,
    )


def _after_missing(position: FeedPosition, now: datetime, schedule: PollingSchedule, jitter: float) -> Transition:
    cursor, head = _required_cursor(position), position.head
    if head is None or cursor >= head:
        return Transition(replace(_paused(position, schedule.idle_seconds, now), skip_at=None))
    if _is_expired(position, head - cursor, now):
        jumped = FeedPosition(cursor=head, head=head, head_asked_at=position.head_asked_at)
        return Transition(jumped, Gap(cursor, head - 1, "expired", position.found_at))
    skip_at = position.skip_at or now + timedelta(seconds=schedule.gap_timeout(jitter))
    if head - cursor <= HEAD_LAG and now < skip_at:
        return Transition(replace(_paused(position, schedule.idle_seconds, now), skip_at=skip_at))
    return Transition(
        _advanced(position, found_at=position.found_at, holes=position.holes + 1),
        Gap(cursor, cursor, "hole", position.found_at),
    )


def _is_expired(position: FeedPosition, distance: int, now: datetime) -> bool:
    """Nothing found for a day, or only holes and far from the head."""
    away = position.found_at is not None and now - position.found_at > FILE_LIFETIME
    return (away and distance > HEAD_LAG) or (position.holes >= MAX_CONSECUTIVE_HOLES and distance > MAX_UPLOAD_BACKLOG)


def _after_unusable(position: FeedPosition, response: UnusableBody, now: datetime, jitter: float) -> Transition:
    if position.tries + 1 >= MAX_TRIES:
        cursor = _required_cursor(position)
        return Transition(
            _advanced(position, found_at=now, holes=0), Gap(cursor, cursor, "unusable", position.found_at), abandoned=response
        )
    wait_seconds = jitter * _exponential(FIRST_FAILURE_SECONDS, position.tries, MAX_FAILURE_SECONDS)
    return Transition(_paused(replace(position, tries=position.tries + 1), wait_seconds, now))


def _exponential(first: float, times: int, maximum: float) -> float:
    return min(maximum, first * 2.0 ** min(times, 20))


def _paused(position: FeedPosition, seconds: float, now: datetime) -> FeedPosition:
    return replace(position, quiet_until=now + timedelta(seconds=seconds))


def _required_cursor(position: FeedPosition) -> int:
    if position.cursor is None:
        raise ValueError("A file was asked for without a cursor.")
    return position.cursor
