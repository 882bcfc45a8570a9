"""Why two mails of one system belong together: the same people, the same moment, the same target.

Candidates come from an index (each pilot's previous mail, the parties of the last minutes), never from all pairs.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum
from typing import NamedTuple

from battle_cluster.detection.classification import ClassifiedKillmail, structure_target
from battle_cluster.detection.rules import DetectionRules
from battle_cluster.detection.union_find import DisjointSets


class Reason(StrEnum):
    SAME_PEOPLE = "same-people"
    SAME_MOMENT = "same-moment"
    MOVED = "moved"
    ROUND_TWO = "round-two"
    SAME_TARGET = "same-target"
    CAPSULE = "capsule"
    INSIDE = "inside"
    TAGGED = "tagged"

    __hash__ = str.__hash__  # as with kinds of parties: links are keys too


class Link(NamedTuple):
    """Two killmail ids, the earlier mail first, why they belong together and how strongly (0 to 1)."""

    a: int
    b: int
    reason: Reason
    score: float


class IndexedLink(NamedTuple):
    """A link by position in its system's time line. `pilot` is set where one pilot alone carries it."""

    a: int
    b: int
    reason: Reason
    score: float
    pilot: int | None = None


def link_sort_key(tie: IndexedLink) -> tuple[float, int, int, int]:
    """Sorting by it puts the strongest first, then the closest, then the earliest."""
    return -tie.score, tie.b - tie.a, tie.a, tie.b


class PilotChains:
    """Each pilot's mails in one system, in order of time, as pairs of neighbours with the pilots they share.

    Kept while mails come and go, so that one more mail costs its own pilots and not everybody's.
    """

    def __init__(self) -> None:
        self._held: dict[int, ClassifiedKillmail] = {}
        self._mails_of: dict[int, list[tuple[int, int]]] = {}
        self._shared: dict[tuple[int, int], set[int]] = {}

    def sync(self, line: Sequence[ClassifiedKillmail]) -> None:
        """Exactly these."""
        wanted = {sighting.mail.killmail_id: sighting for sighting in line}
        for killmail_id, sighting in list(self._held.items()):
            if wanted.get(killmail_id) is not sighting:
                self._drop(sighting)
        for killmail_id, sighting in wanted.items():
            if killmail_id not in self._held:
                self._add(sighting)

    def pairs(self) -> Iterable[tuple[tuple[int, int], set[int]]]:
        """Killmail ids, the earlier first, and the pilots whose next mail after the first is the second."""
        return self._shared.items()

    def _add(self, sighting: ClassifiedKillmail) -> None:
        own = (sighting.mail.time, sighting.mail.killmail_id)
        self._held[own[1]] = sighting
        for pilot in sighting.pilots:
            mails = self._mails_of.setdefault(pilot, [])
            at = bisect_left(mails, own)
            before, after = mails[at - 1 : at], mails[at : at + 1]
            self._remove_pair(before, after, pilot)
            mails.insert(at, own)
            self._add_pair(before, [own], pilot)
            self._add_pair([own], after, pilot)

    def _drop(self, sighting: ClassifiedKillmail) -> None:
        own = (sighting.mail.time, sighting.mail.killmail_id)
        del self._held[own[1]]
        for pilot in sighting.pilots:
            mails = self._mails_of[pilot]
            at = bisect_left(mails, own)
            before, after = mails[max(0, at - 1) : at], mails[at + 1 : at + 2]
            self._remove_pair(before, [own], pilot)
            self._remove_pair([own], after, pilot)
            del mails[at]
            self._add_pair(before, after, pilot)

    def _add_pair(self, before: list[tuple[int, int]], after: list[tuple[int, int]], pilot: int) -> None:
        if before and after:
            self._shared.setdefault((before[0][1], after[0][1]), set()).add(pilot)

    def _remove_pair(self, before: list[tuple[int, int]], after: list[tuple[int, int]], pilot: int) -> None:
        if before and after:
            pair = (before[0][1], after[0][1])
            self._shared[pair].discard(pilot)
            if not self._shared[pair]:
                del self._shared[pair]


def find_links(
    line: Sequence[ClassifiedKillmail], quiet: Sequence[int], rules: DetectionRules, chains: PilotChains
) -> list[IndexedLink]:
    """All links of one system's fight mails, which come in order of time and are held in `chains`."""
    people = sorted(_same_people(line, quiet, chains), key=link_sort_key)
    groups = DisjointSets(len(line))
    for tie in people:
        groups.union(tie.a, tie.b)
    return [*people, *_same_target(line, rules), *_same_moment(line, groups, rules)]


def _same_people(
    line: Sequence[ClassifiedKillmail], quiet: Sequence[int], chains: PilotChains
) -> Iterator[IndexedLink]:
    """A pilot's mails in a system are a chain; neighbours in it hold together while the pause is within the limit."""
    place = {sighting.mail.killmail_id: at for at, sighting in enumerate(line)}
    for (first, second), pilots in chains.pairs():
        a, b = place[first], place[second]
        limit, silence = max(quiet[a], quiet[b]), line[b].mail.time - line[a].mail.time
        if silence <= limit:
            score = round(len(pilots) / (len(pilots) + 1) * (1 - silence / limit / 2), 4)
            yield IndexedLink(a, b, Reason.SAME_PEOPLE, score, next(iter(pilots)) if len(pilots) == 1 else None)


def _same_target(line: Sequence[ClassifiedKillmail], rules: DetectionRules) -> Iterator[IndexedLink]:
    last: dict[tuple[int, int, int | None], int] = {}
    for at, sighting in enumerate(line):
        target = structure_target(sighting.mail)
        if target is None:
            continue
        before = last.get(target)
        last[target] = at
        if before is not None and sighting.mail.time - line[before].mail.time <= rules.siege_window:
            yield IndexedLink(before, at, Reason.SAME_TARGET, 0.5)


def _same_moment(
    line: Sequence[ClassifiedKillmail], groups: DisjointSets, rules: DetectionRules
) -> Iterator[IndexedLink]:
    """Only between mails that no pilot ties together yet: enough to hold the component, and never all pairs."""
    joined = DisjointSets(len(line))
    recent: dict[int, list[int]] = {}  # by component of same-people links, its mails of the last minutes
    for at in range(len(line)):
        own = groups.find(at)
        for other in sorted(recent.keys() - {own}):
            recent[other] = mails = [m for m in recent[other] if _within(line, m, at, rules.simultaneity_window)]
            if not mails:
                del recent[other]
            elif joined.find(other) != joined.find(own):
                tie = _moment_tie(line, mails, at, rules)
                if tie is not None:
                    joined.union(own, other)
                    yield tie
        recent.setdefault(own, []).append(at)


def _moment_tie(
    line: Sequence[ClassifiedKillmail], mails: Sequence[int], at: int, rules: DetectionRules
) -> IndexedLink | None:
    parties = line[at].parties
    for before in reversed(mails):
        if _within(line, before, at, rules.simultaneity_window):
            common = len(parties & line[before].parties)
            if common >= rules.moment_parties:
                return IndexedLink(before, at, Reason.SAME_MOMENT, round(common / (common + 1) / 2, 4))
    return None


def _within(line: Sequence[ClassifiedKillmail], a: int, b: int, seconds: int) -> bool:
    return line[b].mail.time - line[a].mail.time <= seconds
