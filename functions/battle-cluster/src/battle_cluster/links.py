"""Why two mails of one system belong together: the same people, the same moment, the same target.

Candidates come from an index (each pilot's previous mail, the parties of the last minutes), never from all pairs.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from battle_cluster.groups import Groups
from battle_cluster.rules import Rules
from battle_cluster.sightings import Sighting, structure


class Reason(StrEnum):
    SAME_PEOPLE = "same-people"
    SAME_MOMENT = "same-moment"
    MOVED = "moved"
    ROUND_TWO = "round-two"
    SAME_TARGET = "same-target"
    CAPSULE = "capsule"
    INSIDE = "inside"
    TAGGED = "tagged"


@dataclass(frozen=True, slots=True, order=True)
class Link:
    """Two killmail ids, the earlier mail first, why they belong together and how strongly (0 to 1)."""

    a: int
    b: int
    reason: Reason
    score: float


@dataclass(frozen=True, slots=True)
class Tie:
    """A link by position in its system's time line. `pilot` is set where one pilot alone carries it."""

    a: int
    b: int
    reason: Reason
    score: float
    pilot: int | None = None


def strength(tie: Tie) -> tuple[float, int, int, int]:
    """Sorting by it puts the strongest first, then the closest, then the earliest."""
    return -tie.score, tie.b - tie.a, tie.a, tie.b


def ties(line: Sequence[Sighting], quiet: Sequence[int], rules: Rules) -> list[Tie]:
    """All links of one system's fight mails, which come in order of time."""
    people = sorted(_same_people(line, quiet), key=strength)
    groups = Groups(len(line))
    for tie in people:
        groups.unite(tie.a, tie.b)
    return [*people, *_same_target(line, rules), *_same_moment(line, groups, rules)]


def _same_people(line: Sequence[Sighting], quiet: Sequence[int]) -> Iterator[Tie]:
    """A pilot's mails in a system are a chain; neighbours in it hold together while the pause is within the limit."""
    shared: dict[tuple[int, int], list[int]] = {}
    last: dict[int, int] = {}
    for at, sighting in enumerate(line):
        now, limit = sighting.mail.time, quiet[at]
        for pilot in sighting.pilots:
            before = last.get(pilot)
            last[pilot] = at
            if before is not None and now - line[before].mail.time <= max(limit, quiet[before]):
                shared.setdefault((before, at), []).append(pilot)
    for (a, b), pilots in shared.items():
        pause = (line[b].mail.time - line[a].mail.time) / max(quiet[a], quiet[b])
        score = round(len(pilots) / (len(pilots) + 1) * (1 - pause / 2), 4)
        yield Tie(a, b, Reason.SAME_PEOPLE, score, pilots[0] if len(pilots) == 1 else None)


def _same_target(line: Sequence[Sighting], rules: Rules) -> Iterator[Tie]:
    last: dict[tuple[int, int, int | None], int] = {}
    for at, sighting in enumerate(line):
        target = structure(sighting.mail)
        if target is None:
            continue
        before = last.get(target)
        last[target] = at
        if before is not None and sighting.mail.time - line[before].mail.time <= rules.siege:
            yield Tie(before, at, Reason.SAME_TARGET, 0.5)


def _same_moment(line: Sequence[Sighting], groups: Groups, rules: Rules) -> Iterator[Tie]:
    """Only between mails that no pilot ties together yet: enough to hold the component, and never all pairs."""
    joined = Groups(len(line))
    recent: dict[int, list[int]] = {}  # by component of same-people links, its mails of the last minutes
    for at in range(len(line)):
        own = groups.root(at)
        for other in sorted(recent.keys() - {own}):
            recent[other] = mails = [m for m in recent[other] if _within(line, m, at, rules.moment)]
            if not mails:
                del recent[other]
            elif joined.root(other) != joined.root(own):
                tie = _moment_tie(line, mails, at, rules)
                if tie is not None:
                    joined.unite(own, other)
                    yield tie
        recent.setdefault(own, []).append(at)


def _moment_tie(line: Sequence[Sighting], mails: Sequence[int], at: int, rules: Rules) -> Tie | None:
    parties = line[at].parties
    for before in reversed(mails):
        if _within(line, before, at, rules.moment):
            common = len(parties & line[before].parties)
            if common >= rules.moment_parties:
                return Tie(before, at, Reason.SAME_MOMENT, round(common / (common + 1) / 2, 4))
    return None


def _within(line: Sequence[Sighting], a: int, b: int, seconds: int) -> bool:
    return line[b].mail.time - line[a].mail.time <= seconds
