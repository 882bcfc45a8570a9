"""State machine of the feed poller: position and response in, next position out. No clock, randomness or network.

The comment on each constant gives the feed's rule behind it.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

from battlescope_events.retry import exponential

CALM_FILES: Final = 8  # of a pass; more show that the feed is faster than its reader
LINGER_FILES: Final = 2  # of a pass; with a short idle time so many come together only of a busy feed
MAX_SEQUENCE: Final = 2**62  # the cursor is a bigint, and goes on counting from here
HEAD_LAG: Final = 51  # the feed rewrites sequence.json only when the head has moved further than this
MAX_UPLOAD_BACKLOG: Final = 1_000  # uploads are never queued that long: a file missing so far back stays missing
FILE_LIFETIME: Final = timedelta(hours=24)  # the feed deletes files after that
MAX_CONSECUTIVE_HOLES: Final = 25  # more in a row are not holes: the files have expired
MAX_TRIES: Final = 10  # for an unusable body; with the delays below some minutes, longer than a short CDN fault
EXPIRED_STEP: Final = 50  # files that a backlog skips at once where they have expired; a list of the day has them
FIRST_FAILURE_SECONDS: Final = (
    1.0  # unusable content, archive or ESI down: full jitter below 1 s, doubled up to a minute
)
MAX_FAILURE_SECONDS: Final = 60.0


@dataclass(frozen=True, slots=True)
class FileRead:
    """The requested file was read: killmail, placeholder or refused entry."""


@dataclass(frozen=True, slots=True)
class Missing:
    """404: not published yet, or never."""


@dataclass(frozen=True, slots=True)
class CoolingDown:
    """The host refuses or fails, and may not be requested before `until`."""

    until: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class RequestFailed:
    """An unexpected status, or no archive to store the file or no ESI to complete it."""

    reason: str


@dataclass(frozen=True, slots=True)
class UnusableBody:
    """200 with another body than the requested file: no JSON, a stale cache's other sequence, or far too many bytes."""

    reason: str
    body: bytes = b""


FeedResponse = FileRead | Missing | CoolingDown | RequestFailed | UnusableBody


@dataclass(frozen=True, slots=True)
class PollingSchedule:
    """Delays between requests; all but `linger_seconds` are multiples of `idle_seconds`."""

    idle_seconds: float = 6.0  # the feed's own minimum after a 404
    linger_seconds: float = 0.25  # the minimum after a busy pass, in which killmails gather for one event

    @property
    def head_interval(self) -> float:
        """Seconds; the head moves every few minutes, so a request per half minute is often enough."""
        return 5 * self.idle_seconds

    def gap_timeout(self, jitter: float) -> float:
        """20 to 60 s (at 6 s idle): uploads overtake each other for about that long."""
        return self.idle_seconds * (10 + 20 * jitter) / 3


@dataclass(frozen=True, slots=True)
class FeedPosition:
    """Cursor, known head and pending delays. Stored in one row, so it survives the process; fields are its columns."""

    cursor: int | None = None
    head: int | None = None
    head_asked_at: datetime | None = None
    quiet_until: datetime | None = None
    skip_at: datetime | None = None
    found_at: datetime | None = None
    holes: int = 0
    tries: int = 0
    failures: int = 0

    def wait_seconds(self, now: datetime) -> float:
        return max(0.0, (self.quiet_until - now).total_seconds()) if self.quiet_until else 0.0


@dataclass(frozen=True, slots=True)
class Backlog:
    """Files that appeared while nobody polled. The head of `position` is the first file that is no part of it."""

    first: int
    position: FeedPosition

    @property
    def is_read(self) -> bool:
        position = self.position
        return position.cursor is None or position.head is None or position.cursor >= position.head


@dataclass(frozen=True, slots=True)
class Gap:
    """Skipped sequences, first and last included."""

    first: int
    last: int
    reason: str
    after_time: datetime | None = field(default=None, compare=False)  # time of the last file before the gap


@dataclass(frozen=True, slots=True)
class Transition:
    """The next position, the gap it leaves, and the body it abandons."""

    position: FeedPosition
    gap: Gap | None = None
    abandoned: UnusableBody | None = None


def should_request_head(position: FeedPosition, now: datetime, schedule: PollingSchedule) -> bool:
    """Always without a cursor; otherwise when the cursor has reached the known head, once per `head_interval`."""
    if position.cursor is None or position.head_asked_at is None:
        return True
    has_reached_head = position.head is None or position.cursor >= position.head
    return has_reached_head and (now - position.head_asked_at).total_seconds() >= schedule.head_interval


def with_head(position: FeedPosition, head: int, now: datetime, lookback: int = 0) -> FeedPosition:
    """The position with the current head; without a cursor, polling starts `lookback` files before the head.

    A head that goes back is not stored (`head_fault`).
    """
    cursor = max(1, head - lookback) if position.cursor is None else position.cursor
    return replace(position, cursor=cursor, head=max(head, position.head or 0), head_asked_at=now, failures=0)


def head_fault(position: FeedPosition, head: int) -> str | None:
    """What is wrong with the head that the feed states after `position`."""
    if position.head is None or head >= position.head:
        return None
    return f"The feed's head goes back from {position.head} to {head}."


def split_backlog(position: FeedPosition, max_files: int) -> tuple[FeedPosition, Backlog | None]:
    """The position to poll from, and what is left for later where more than `max_files` lie before the head.

    So killmails of the present are there at once after an outage.
    """
    cursor, head = position.cursor, position.head
    if cursor is None or head is None or head - cursor <= max_files:
        return position, None
    present = FeedPosition(cursor=head, head=head, head_asked_at=position.head_asked_at)
    return present, Backlog(cursor, position)


def advance_backlog(
    position: FeedPosition, response: FeedResponse, now: datetime, schedule: PollingSchedule, jitter: float
) -> Transition:
    """As `advance`, but where files have expired some are skipped, because those after them may still be there."""
    cursor, head = _required_cursor(position), position.head or 0
    is_outdated = position.found_at is not None and now - position.found_at > FILE_LIFETIME
    if not (isinstance(response, Missing) and (is_outdated or position.holes >= MAX_CONSECUTIVE_HOLES)):
        return advance(position, response, now, schedule, jitter)
    last = min(cursor + EXPIRED_STEP, head) - 1
    skipped = FeedPosition(last + 1, head, position.head_asked_at, found_at=position.found_at, holes=position.holes)
    return Transition(skipped, Gap(cursor, last, "expired", position.found_at))


def prefetch_size(position: FeedPosition, maximum: int) -> int:
    """How many files to request at once: several up to the known head, one beyond it."""
    if position.cursor is None or position.head is None:
        return 1
    return max(1, min(maximum, position.head - position.cursor + 1))


def advance(
    position: FeedPosition, response: FeedResponse, now: datetime, schedule: PollingSchedule, jitter: float
) -> Transition:
    """The transition for a response to the cursor's file. `jitter` is in [0, 1)."""
    match response:
        case FileRead():
            return Transition(_advanced(position, found_at=now, holes=0))
        case Missing():
            return _after_missing(replace(position, failures=0), now, schedule, jitter)
        case UnusableBody():
            return _after_unusable(position, response, now, jitter)
        case _:
            return Transition(after_failure(position, response, now, jitter))


def after_failure(
    position: FeedPosition, response: CoolingDown | RequestFailed, now: datetime, jitter: float
) -> FeedPosition:
    """The feed gave no content: delay every further request, those for the head included."""
    failed = replace(position, failures=position.failures + 1)
    if isinstance(response, CoolingDown):
        return replace(failed, quiet_until=response.until)
    return _paused(failed, jitter * exponential(FIRST_FAILURE_SECONDS, position.failures, MAX_FAILURE_SECONDS), now)


def after_pass(position: FeedPosition, file_count: int, now: datetime, schedule: PollingSchedule) -> FeedPosition:
    """The position after a pass of so many files that has reached the head: a busy feed is asked later.

    What it publishes until then is one pass, and so one event instead of many.
    """
    if file_count < LINGER_FILES or position.wait_seconds(now) >= schedule.linger_seconds:
        return position
    return _paused(position, schedule.linger_seconds, now)


def _advanced(position: FeedPosition, *, found_at: datetime | None, holes: int) -> FeedPosition:
    """The next sequence, with the state that belongs to the previous one cleared."""
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
        at_head = FeedPosition(cursor=head, head=head, head_asked_at=position.head_asked_at)
        return Transition(at_head, Gap(cursor, head - 1, "expired", position.found_at))
    skip_at = position.skip_at or now + timedelta(seconds=schedule.gap_timeout(jitter))
    if head - cursor <= HEAD_LAG and now < skip_at:
        return Transition(replace(_paused(position, schedule.idle_seconds, now), skip_at=skip_at))
    return Transition(
        _advanced(position, found_at=position.found_at, holes=position.holes + 1),
        Gap(cursor, cursor, "hole", position.found_at),
    )


def _is_expired(position: FeedPosition, distance: int, now: datetime) -> bool:
    """Whether no file was read for a day, or only holes come and the head is far away."""
    is_outdated = position.found_at is not None and now - position.found_at > FILE_LIFETIME
    only_holes = position.holes >= MAX_CONSECUTIVE_HOLES and distance > MAX_UPLOAD_BACKLOG
    return (is_outdated and distance > HEAD_LAG) or only_holes


def _after_unusable(position: FeedPosition, response: UnusableBody, now: datetime, jitter: float) -> Transition:
    if position.tries + 1 >= MAX_TRIES:
        cursor = _required_cursor(position)
        gap = Gap(cursor, cursor, "unusable", position.found_at)
        return Transition(_advanced(position, found_at=now, holes=0), gap, abandoned=response)
    delay = jitter * exponential(FIRST_FAILURE_SECONDS, position.tries, MAX_FAILURE_SECONDS)
    return Transition(_paused(replace(position, tries=position.tries + 1), delay, now))


def _paused(position: FeedPosition, seconds: float, now: datetime) -> FeedPosition:
    return replace(position, quiet_until=now + timedelta(seconds=seconds))


def _required_cursor(position: FeedPosition) -> int:
    if position.cursor is None:
        raise ValueError("A file was requested without a cursor.")
    return position.cursor
