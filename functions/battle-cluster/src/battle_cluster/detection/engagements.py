"""A chapter is the part of a battle fought in one system without a long pause; links between chapters make battles."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from battle_cluster.detection.classification import ClassifiedKillmail
from battle_cluster.detection.links import Link, Reason
from battle_cluster.detection.rules import DetectionRules
from battle_cluster.domain.killmail import Killmail, Party

WORMHOLES = range(31_000_000, 32_000_000)


@dataclass(frozen=True, slots=True)
class EngagementKillmail:
    """A fight mail in its place: its chapter and the quiet limit around it."""

    sighting: ClassifiedKillmail
    chapter: int
    quiet: int


@dataclass(frozen=True, slots=True)
class Engagement:
    """Fight mails of one system in order of time, and everybody seen on them."""

    sightings: tuple[ClassifiedKillmail, ...]
    pilots: frozenset[int]

    @property
    def start(self) -> int:
        return self.sightings[0].mail.time

    @property
    def end(self) -> int:
        return self.sightings[-1].mail.time


@dataclass(frozen=True, slots=True)
class EngagementLink:
    """Two chapters, by number, and the link that joins them."""

    first: int
    second: int
    link: Link


def chapter(sightings: Iterable[ClassifiedKillmail]) -> Engagement:
    pages = tuple(sightings)
    return Engagement(pages, frozenset[int]().union(*(sighting.pilots for sighting in pages)))


def link_engagements(
    chapters: Sequence[Engagement], pages: Sequence[EngagementKillmail], rules: DetectionRules
) -> list[EngagementLink]:
    """Running fights and rounds; `pages` are all fight mails in order of time."""
    return [*_running_fight_links(chapters, pages, rules), *_second_round_links(chapters, rules)]


def _running_fight_links(
    chapters: Sequence[Engagement], pages: Sequence[EngagementKillmail], rules: DetectionRules
) -> Iterator[EngagementLink]:
    quiet = {page.sighting.mail.killmail_id: page.quiet for page in pages}
    for first, second in sorted(_pilot_transitions(pages, rules)):
        earlier, later = chapters[first], chapters[second]
        a, b = _nearest(earlier, later)
        if abs(b.time - a.time) > max(quiet[a.killmail_id], quiet[b.killmail_id]):
            continue
        shared = earlier.pilots & later.pilots
        share = len(shared) / min(len(earlier.pilots), len(later.pilots))
        needed = rules.crew_share if _route_known(a, b) else rules.moved_share_unknown_hole
        if (
            len(shared) >= rules.moved_pilots
            and share >= needed
            and _enemies(earlier, shared) & _enemies(later, shared)
        ):
            yield EngagementLink(first, second, _link(a, b, Reason.MOVED, share))


def _pilot_transitions(pages: Sequence[EngagementKillmail], rules: DetectionRules) -> set[tuple[int, int]]:
    """Pairs of chapters in different systems between which a pilot went within the window."""
    found: set[tuple[int, int]] = set()
    if len({page.sighting.mail.system_id for page in pages}) < 2:  # noqa: PLR2004  # one system: nowhere to go
        return found
    last: dict[int, dict[int, EngagementKillmail]] = {}
    for page in pages:
        system, now = page.sighting.mail.system_id, page.sighting.mail.time
        for pilot in page.sighting.pilots:
            places = last.setdefault(pilot, {})
            for elsewhere, before in places.items():
                if (
                    elsewhere != system
                    and now - before.sighting.mail.time <= rules.window
                    and _could_move(before, page)
                ):
                    found.add((min(before.chapter, page.chapter), max(before.chapter, page.chapter)))
            places[system] = page
    return found


def _could_move(before: EngagementKillmail, after: EngagementKillmail) -> bool:
    a, b = before.sighting.mail, after.sighting.mail
    return _route_known(a, b) or a.system_id in WORMHOLES or b.system_id in WORMHOLES


def _nearest(first: Engagement, second: Engagement) -> tuple[Killmail, Killmail]:
    """One mail of each, closest in time; of equals the earliest. Only neighbours on the common time line can be."""
    marked = [(_order(s.mail), at, s.mail) for at, own in enumerate((first, second)) for s in own.sightings]
    steps = pairwise(sorted(marked, key=lambda entry: entry[:2]))
    return min(
        ((a, b) for (_, at, a), (_, other, b) in steps if at != other),
        key=lambda pair: (pair[1].time - pair[0].time, *_order(pair[0])),
    )


def _route_known(a: Killmail, b: Killmail) -> bool:
    return b.system_id in a.nearby_system_ids or a.system_id in b.nearby_system_ids


def _second_round_links(chapters: Sequence[Engagement], rules: DetectionRules) -> Iterator[EngagementLink]:
    for (first, second), shared in sorted(_shared_pilot_counts(chapters, rules).items()):
        earlier, later = chapters[first], chapters[second]
        share = shared / min(len(earlier.pilots), len(later.pilots))
        if share >= rules.crew_share and _same_enemies(earlier, later, rules):
            last = max((s.mail for s in earlier.sightings if s.mail.time <= later.start), key=_order)
            yield EngagementLink(first, second, _link(last, later.sightings[0].mail, Reason.ROUND_TWO, share))


def _shared_pilot_counts(chapters: Sequence[Engagement], rules: DetectionRules) -> Counter[tuple[int, int]]:
    """How many pilots two chapters of one system share, where the pause is short enough; the earlier comes first."""
    attended: dict[tuple[int, int], list[int]] = {}
    systems = Counter(own.sightings[0].mail.system_id for own in chapters)
    for number in sorted(range(len(chapters)), key=lambda at: (chapters[at].start, at)):
        system = chapters[number].sightings[0].mail.system_id
        for pilot in chapters[number].pilots if systems[system] > 1 else ():
            attended.setdefault((system, pilot), []).append(number)
    shared: Counter[tuple[int, int]] = Counter()
    for numbers in attended.values():
        for at, second in enumerate(numbers):
            limit = chapters[second].start - rules.window
            shared.update((first, second) for first in numbers[:at] if chapters[first].end >= limit)
    return shared


def _same_enemies(earlier: Engagement, later: Engagement, rules: DetectionRules) -> bool:
    shared = earlier.pilots & later.pilots
    ours, theirs = _enemies(earlier, shared), _enemies(later, shared)
    common = len(ours & theirs)
    return common > 0 and common >= rules.round_enemies * min(len(ours), len(theirs))


def _enemies(chapter: Engagement, people: frozenset[int]) -> frozenset[Party]:
    """Whom these people shot and who shot them; their own party is no enemy even where it was hit."""
    found: set[Party] = set()
    for sighting in chapter.sightings:
        if people.isdisjoint(sighting.pilots):
            continue
        victim, attackers = sighting.mail.victim, sighting.mail.attackers
        if victim.party is not None and any(a.character_id in people and a.party != victim.party for a in attackers):
            found.add(victim.party)
        if victim.character_id in people:
            found.update(a.party for a in attackers if a.party is not None and a.party != victim.party)
    return frozenset(found)


def _link(a: Killmail, b: Killmail, reason: Reason, share: float) -> Link:
    first, second = sorted((a, b), key=_order)
    return Link(first.killmail_id, second.killmail_id, reason, round(min(share, 1.0), 4))


def _order(mail: Killmail) -> tuple[int, int]:
    return mail.time, mail.killmail_id
