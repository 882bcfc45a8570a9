"""Decides which source live killmails come from: the primary one, or its standby. Pure.

The decision rests on observed time, not on single requests: between two observations at most a minute counts, so
neither the function's own downtime nor one failed request switches the source.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum
from typing import Final, Literal

from ingest_poll.feed.batch import FetchedFiles
from ingest_poll.feed.feed_file import FeedFile

MAX_STEP_SECONDS: Final = 60.0  # the poller observes more often; a longer pause is its own
ActiveSource = Literal["primary", "standby"]


class Outcome(Enum):
    """What one request to the primary source showed."""

    KILLMAILS = "killmails"
    NOTHING_NEW = "nothing new"
    UNUSABLE = "unusable"


@dataclass(frozen=True, slots=True)
class Observation:
    """`is_caught_up`: the position has reached the head that the source states."""

    outcome: Outcome
    reason: str = ""
    is_caught_up: bool = True


@dataclass(frozen=True, slots=True)
class FailoverPolicy:
    """Seconds of observation.

    silence: without a killmail until the standby takes over. The game's daily downtime is a silence of up to half an
        hour without any fault.
    errors: of nothing but unusable responses until the standby takes over.
    recovery: in which the primary source works until it takes over again.
    """

    silence: float = 2_700.0
    errors: float = 600.0
    recovery: float = 60.0


@dataclass(frozen=True, slots=True)
class FailoverState:
    """Stored in one row; fields are its columns. The meaning of each is in the migration."""

    active: ActiveSource = "primary"
    since: datetime | None = None
    reason: str | None = None
    silent_seconds: float = 0.0
    failing_seconds: float = 0.0
    working_seconds: float | None = None
    observed_at: datetime | None = None
    last_killmail_at: datetime | None = None


def observe_fetch(fetched: FetchedFiles) -> Observation:
    """What a pass over the primary source showed."""
    position = fetched.transition.position
    is_caught_up = position.head is not None and position.cursor is not None and position.cursor >= position.head
    if any(file.killmail for file in fetched.files):
        return Observation(Outcome.KILLMAILS, is_caught_up=is_caught_up)
    reason = fetched.problem or _refusal_of(fetched.files)
    return Observation(Outcome.UNUSABLE if reason else Outcome.NOTHING_NEW, reason or "", is_caught_up)


def observe(state: FailoverState, observation: Observation, now: datetime, policy: FailoverPolicy) -> FailoverState:
    """The state after an observation, with the other source active if it is time."""
    observed = _observed(state, observation, now)
    if observed.active == "standby":
        is_recovered = observation.is_caught_up and (observed.working_seconds or 0.0) >= policy.recovery
        reason = f"The feed works again for {observed.working_seconds or 0:.0f} s."
        return _switched(observed, "primary", reason, now) if is_recovered else observed
    if observed.failing_seconds >= policy.errors:
        reason = f"The feed gives no usable response for {observed.failing_seconds:.0f} s: {observation.reason}"
        return _switched(observed, "standby", reason, now)
    if observed.silent_seconds >= policy.silence:
        return _switched(observed, "standby", f"The feed is silent for {observed.silent_seconds:.0f} s.", now)
    return observed


def _observed(state: FailoverState, observation: Observation, now: datetime) -> FailoverState:
    step = min(MAX_STEP_SECONDS, max(0.0, (now - state.observed_at).total_seconds())) if state.observed_at else 0.0
    working = state.working_seconds
    match observation.outcome:
        case Outcome.KILLMAILS:
            working = 0.0 if working is None else working + step
            return replace(
                state, silent_seconds=0.0, failing_seconds=0.0, working_seconds=_if_standby(state, working),
                observed_at=now, last_killmail_at=now,
            )  # fmt: skip
        case Outcome.NOTHING_NEW:
            working = None if working is None else working + step
            return replace(
                state, silent_seconds=state.silent_seconds + step, failing_seconds=0.0,
                working_seconds=_if_standby(state, working), observed_at=now,
            )  # fmt: skip
        case Outcome.UNUSABLE:
            return replace(
                state, silent_seconds=state.silent_seconds + step, failing_seconds=state.failing_seconds + step,
                working_seconds=None, observed_at=now,
            )  # fmt: skip


def _if_standby(state: FailoverState, working_seconds: float | None) -> float | None:
    return working_seconds if state.active == "standby" else None


def _switched(state: FailoverState, active: ActiveSource, reason: str, now: datetime) -> FailoverState:
    return replace(
        state, active=active, since=now, reason=reason, silent_seconds=0.0, failing_seconds=0.0, working_seconds=None
    )


def _refusal_of(files: Iterable[FeedFile]) -> str | None:
    """Why nothing but refused files came; none if there were placeholders or no files."""
    files = tuple(files)
    return files[-1].refusal if files and all(file.refusal is not None for file in files) else None
