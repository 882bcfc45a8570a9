"""Engagements and the links between them.

An engagement is the part of a battle that is fought in one system without a long pause. Links between engagements
join running fights (through several systems) and further rounds (in one system, after a pause).
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from itertools import combinations
from typing import NamedTuple

from battle_cluster.detection.chains import TimeKey
from battle_cluster.detection.classification import ClassifiedKillmail
from battle_cluster.detection.links import Link, LinkReason
from battle_cluster.detection.reach import can_travel, has_gate_route
from battle_cluster.detection.rules import DetectionRules
from battle_cluster.domain.cached_attribute import CachedAttribute
from battle_cluster.domain.killmail import Killmail, Party


@dataclass(frozen=True)
class Engagement:
    """Combat killmails of one system in time order, and the pilots on them."""

    killmails: tuple[ClassifiedKillmail, ...]
    pilots: frozenset[int]

    @CachedAttribute
    def parties(self) -> frozenset[Party]:
        return frozenset[Party]().union(*(classified.parties for classified in self.killmails))

    @property
    def system_id(self) -> int:
        return self.killmails[0].killmail.system_id

    @property
    def start(self) -> int:
        return self.killmails[0].killmail.time

    @property
    def end(self) -> int:
        return self.killmails[-1].killmail.time


@dataclass(frozen=True, slots=True)
class EngagementLink:
    """Two engagements, by index, and the link that joins them."""

    first: int
    second: int
    link: Link


EngagementPair = tuple[int, int]
"""Two engagements by index, the lower one first."""


class SecondRound(NamedTuple):
    """Two engagements of one system, and the link of a second round between them, if there is one."""

    earlier: Engagement
    later: Engagement
    link: Link | None


SecondRounds = dict[tuple[int, int], SecondRound]
"""Of one system, by the first killmails of both engagements."""


def build_engagement(combat: Iterable[ClassifiedKillmail]) -> Engagement:
    killmails = tuple(combat)
    return Engagement(killmails, frozenset[int]().union(*(classified.pilots for classified in killmails)))


def link_engagements(
    engagements: Sequence[Engagement],
    combat: Sequence[ClassifiedKillmail],
    rules: DetectionRules,
    second_rounds: Callable[[int], SecondRounds],
) -> list[EngagementLink]:
    """Links of running fights and second rounds.

    combat: all combat and capsule losses in time order. second_rounds: those of a system that were found before; they
    become those of this time.
    """
    return [
        *_running_fight_links(engagements, combat, rules),
        *_second_round_links(engagements, rules, second_rounds),
    ]


def _running_fight_links(
    engagements: Sequence[Engagement],
    combat: Sequence[ClassifiedKillmail],
    rules: DetectionRules,
) -> Iterator[EngagementLink]:
    """Who travelled when is looked at last, and only of the pilots on whom a link depends: hardly any pair has one."""
    links: dict[EngagementPair, Link] = {}
    crew: set[int] = set()
    for pair, share in _shared_crews(engagements, rules):
        earlier, later = engagements[pair[0]], engagements[pair[1]]
        link = _running_fight_link(earlier, later, share, rules)
        if link is not None:
            links[pair] = link
            crew |= earlier.pilots & later.pilots
    travelled = _pilot_transitions(engagements, combat, crew, rules) if links else set[EngagementPair]()
    for first, second in sorted(travelled & links.keys()):
        yield EngagementLink(first, second, links[first, second])


def _shared_crews(engagements: Sequence[Engagement], rules: DetectionRules) -> Iterator[tuple[EngagementPair, float]]:
    """Engagements in different systems that share enough pilots for a link, each pair with that share."""
    least_share = min(rules.crew_share, rules.moved_share_unknown_hole)
    travellers = _pilots_in_several_systems(engagements)
    seen_in: dict[int, list[int]] = {}
    for number, engagement in enumerate(engagements):
        for pilot in engagement.pilots & travellers:
            seen_in.setdefault(pilot, []).append(number)
    shared = Counter(pair for numbers in seen_in.values() for pair in combinations(numbers, 2))
    for (first, second), count in shared.items():
        a, b = engagements[first], engagements[second]
        share = count / min(len(a.pilots), len(b.pilots))
        if share >= least_share and a.system_id != b.system_id:
            yield (first, second), share


def _running_fight_link(earlier: Engagement, later: Engagement, share: float, rules: DetectionRules) -> Link | None:
    """The link of two engagements with that share of common pilots, if one of these travelled."""
    a, b = _nearest(earlier, later)
    min_share = rules.crew_share if has_gate_route(a, b) else rules.moved_share_unknown_hole
    if share < min_share or abs(b.time - a.time) > rules.max_pause:
        return None
    if _is_through_gate(a, b, share, rules) or _share_an_enemy(earlier, later, earlier.pilots & later.pilots):
        return _link((a, b), LinkReason.MOVED, share, rules.max_pause)
    return None


def _is_through_gate(a: Killmail, b: Killmail, share: float, rules: DetectionRules) -> bool:
    """Whether one gang fought on both sides of a gate, too soon for having looked for another fight."""
    is_same_moment = abs(b.time - a.time) <= rules.simultaneity_window
    return is_same_moment and share >= rules.jump_share and has_gate_route(a, b)


def _pilot_transitions(
    engagements: Sequence[Engagement],
    combat: Sequence[ClassifiedKillmail],
    pilots: AbstractSet[int],
    rules: DetectionRules,
) -> set[EngagementPair]:
    """Pairs of engagements in different systems between which one of the pilots travelled within the window."""
    transitions: set[EngagementPair] = set()
    engagement_of = _engagement_of(engagements)
    last_seen: dict[int, dict[int, int]] = {pilot: {} for pilot in pilots}
    """By pilot and system, the number of the last killmail: a fleet has the same ones, which are looked at once."""
    for number, classified in enumerate(combat):
        killmail = classified.killmail
        earlier = set[int]()
        for pilot in pilots & classified.pilots:
            by_system = last_seen[pilot]
            earlier.update(by_system.values())
            by_system[killmail.system_id] = number
        for before in (combat[index].killmail for index in earlier):
            if (
                before.system_id != killmail.system_id
                and killmail.time - before.time <= rules.window
                and can_travel(before, killmail)
            ):
                a, b = engagement_of[before.killmail_id], engagement_of[killmail.killmail_id]
                transitions.add((min(a, b), max(a, b)))
    return transitions


def _pilots_in_several_systems(engagements: Iterable[Engagement]) -> frozenset[int]:
    pilots_of: dict[int, set[int]] = {}
    for engagement in engagements:
        pilots_of.setdefault(engagement.system_id, set()).update(engagement.pilots)
    seen: set[int] = set()
    travellers: set[int] = set()
    for pilots in pilots_of.values():
        travellers |= seen & pilots
        seen |= pilots
    return frozenset(travellers)


def _engagement_of(engagements: Sequence[Engagement]) -> dict[int, int]:
    """The index of the engagement by killmail id."""
    return {
        classified.killmail.killmail_id: index
        for index, engagement in enumerate(engagements)
        for classified in engagement.killmails
    }


def _nearest(first: Engagement, second: Engagement) -> tuple[Killmail, Killmail]:
    """The closest killmails in time, one of each engagement; the earliest pair if several are equally close.

    Only neighbours on the common timeline can be the closest, and each such pair has a killmail of the shorter one.
    """
    short, long = sorted((first.killmails, second.killmails), key=len)
    places = [bisect_left(long, _time_key(entry.killmail), key=_entry_key) for entry in short]
    pairs = [
        (long[place - 1].killmail, entry.killmail)
        for entry, place, place_before in zip(short, places, [0, *places], strict=False)
        if place > place_before
    ]
    pairs += [
        (entry.killmail, long[place].killmail)
        for entry, place, place_after in zip(short, places, [*places[1:], len(long)], strict=True)
        if place < place_after
    ]
    return min(pairs, key=lambda pair: (pair[1].time - pair[0].time, *_time_key(pair[0])))


def _entry_key(classified: ClassifiedKillmail) -> TimeKey:
    return _time_key(classified.killmail)


def _second_round_links(
    engagements: Sequence[Engagement], rules: DetectionRules, second_rounds: Callable[[int], SecondRounds]
) -> list[EngagementLink]:
    links: list[EngagementLink] = []
    for system_id, numbers in _in_order_by_system(engagements).items():
        pairs = list(_pairs_within_window(numbers, engagements, rules))
        known = second_rounds(system_id) if pairs else {}
        found: SecondRounds = {}
        for first, second in pairs:
            earlier, later = engagements[first], engagements[second]
            key = _first_id(earlier), _first_id(later)
            entry = known.get(key)
            if entry is None or entry.earlier is not earlier or entry.later is not later:
                entry = SecondRound(earlier, later, _second_round_link(earlier, later, rules))
            found[key] = entry
            if entry.link is not None:
                links.append(EngagementLink(first, second, entry.link))
        known.clear()
        known.update(found)
    return sorted(links, key=lambda link: (link.first, link.second))


def _second_round_link(earlier: Engagement, later: Engagement, rules: DetectionRules) -> Link | None:
    if earlier.pilots.isdisjoint(later.pilots):
        return None
    share = len(earlier.pilots & later.pilots) / min(len(earlier.pilots), len(later.pilots))
    if share < rules.crew_share or not _same_enemies(earlier, later, rules):
        return None
    # Where the earlier one still goes on, its last killmail before the later one may be older than the window.
    return _link(_nearest(earlier, later), LinkReason.ROUND_TWO, share, rules.window)


def _first_id(engagement: Engagement) -> int:
    return engagement.killmails[0].killmail.killmail_id


def _in_order_by_system(engagements: Sequence[Engagement]) -> dict[int, list[int]]:
    """The numbers of the engagements by system, the earliest first."""
    by_system: dict[int, list[int]] = {}
    for number in sorted(range(len(engagements)), key=lambda index: (engagements[index].start, index)):
        by_system.setdefault(engagements[number].system_id, []).append(number)
    return by_system


def _pairs_within_window(
    numbers: Sequence[int], engagements: Sequence[Engagement], rules: DetectionRules
) -> Iterator[tuple[int, int]]:
    """The earlier and the later one of each pair of engagements of a system that begins within the window."""
    recent: list[int] = []
    for second in numbers:
        start = engagements[second].start
        recent = [first for first in recent if engagements[first].end >= start - rules.window]
        yield from ((first, second) for first in recent)
        recent.append(second)


def _same_enemies(earlier: Engagement, later: Engagement, rules: DetectionRules) -> bool:
    shared = earlier.pilots & later.pilots
    earlier_enemies, later_enemies = _enemies(earlier, shared), _enemies(later, shared)
    common = len(earlier_enemies & later_enemies)
    return common > 0 and common >= rules.round_enemies * min(len(earlier_enemies), len(later_enemies))


def _share_an_enemy(first: Engagement, second: Engagement, pilots: frozenset[int]) -> bool:
    small, large = sorted((first, second), key=lambda engagement: len(engagement.killmails))
    enemies = _enemies(small, pilots)
    return any(not enemies.isdisjoint(parties) for parties in _enemies_by_killmail(large, pilots))


def _enemies(engagement: Engagement, pilots: frozenset[int]) -> frozenset[Party]:
    """Parties that these pilots shot or that shot them. Their own party is no enemy, even if they shot it."""
    return frozenset[Party]().union(*_enemies_by_killmail(engagement, pilots))


def _enemies_by_killmail(engagement: Engagement, pilots: frozenset[int]) -> Iterator[set[Party]]:
    for classified in engagement.killmails:
        if pilots.isdisjoint(classified.pilots):
            continue
        victim, attackers = classified.killmail.victim, classified.killmail.attackers
        if victim.party is not None and any(a.character_id in pilots and a.party != victim.party for a in attackers):
            yield {victim.party}
        if victim.character_id in pilots:
            yield {a.party for a in attackers if a.party is not None and a.party != victim.party}


def _link(pair: tuple[Killmail, Killmail], reason: LinkReason, share: float, quiet_limit: int) -> Link:
    first, second = sorted(pair, key=_time_key)
    return Link(first.killmail_id, second.killmail_id, reason, round(min(share, 1.0), 4), quiet_limit)


def _time_key(killmail: Killmail) -> TimeKey:
    return killmail.time, killmail.killmail_id
