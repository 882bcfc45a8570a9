"""Clusters killmails into battles: a pure function of the set of killmails, independent of order and batches."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from battle_cluster.detection.attachments import FightWindow, ShipLosses, attachment_links
from battle_cluster.detection.chains import PilotChains
from battle_cluster.detection.classification import (
    ClassifiedKillmail,
    LossKind,
    classify,
    group_by_system,
)
from battle_cluster.detection.engagements import (
    Engagement,
    EngagementLink,
    SecondRounds,
    build_engagement,
    link_engagements,
)
from battle_cluster.detection.guests import split_at_guests
from battle_cluster.detection.links import IndexedLink, Link, LinkReason, find_links, link_sort_key
from battle_cluster.detection.rules import DetectionRules
from battle_cluster.detection.tiers import Tier, has_combat_loss, tier_of
from battle_cluster.detection.union_find import DisjointSets, cannot_link_labels
from battle_cluster.domain.killmail import Killmail
from battle_cluster.edits.constraints import NO_CONSTRAINTS, Constraints, apply_constraints

MAX_CACHED_SYSTEMS = 256
"""About the number of systems with a fight within an hour."""

MAX_CACHED_KILLMAILS = 10_000
"""The number of killmails that the process cache holds."""

MANY_LINKS = 2
"""Links a killmail: about as many as decide. Where there are no more, choosing them costs more than it saves."""


@dataclass(frozen=True, slots=True)
class Component:
    """Killmails that belong together, and the links between them: a connected component.

    killmail_ids: every member, by (time, id).
    links: the strongest links that connect the component, one fewer than members; never all pairs.
    is_battle: it has the size from which a component is published as a battle.
    non_combat_ids: members that link nothing and do not count for the size.
    inactivity_gap: how long it may be silent before it ends, in seconds.
    """

    killmail_ids: tuple[int, ...]
    links: tuple[Link, ...]
    tier: Tier
    is_battle: bool
    non_combat_ids: tuple[int, ...] = ()
    inactivity_gap: int = 0


class Fight(NamedTuple):
    """An engagement, and the strongest links that connect its killmails."""

    engagement: Engagement
    links: tuple[Link, ...]


class _ComponentFights(NamedTuple):
    """The fights of one system's component, and what they were computed from."""

    killmails: list[ClassifiedKillmail]
    links: Sequence[IndexedLink]
    fights: tuple[Fight, ...]


class Run:
    """Killmails of one system in time order, without a pause that no link bridges: its fights depend on nothing else.

    Updated incrementally: a component whose killmails and links are those of the last time keeps its fights.
    """

    def __init__(self, rules: DetectionRules, constraints: Constraints) -> None:
        self._rules = rules
        self._constraints = constraints
        self._chains = PilotChains(rules)
        self._killmails: Sequence[ClassifiedKillmail] = ()
        self._components: dict[tuple[int, bool], _ComponentFights] = {}
        self._fights: Sequence[Fight] = ()

    def fights(self, killmails: Sequence[ClassifiedKillmail]) -> Sequence[Fight]:
        """The fights of exactly these killmails; the same objects where nothing changed."""
        if self._killmails != killmails:
            self._killmails = killmails
            self._chains.sync(killmails)
            cached, self._components = self._components, {}
            self._fights = self._find_fights(cached)
        return self._fights

    def _find_fights(self, cached: Mapping[tuple[int, bool], _ComponentFights]) -> list[Fight]:
        """The fights of each component, split at guests.

        The decisive links are enough where nothing is split: a part can be held together by links that decide nothing
        in the whole.
        """
        chains, timeline = self._chains, self._killmails
        if not self._constraints.cannot_link and len(chains.within_limit()) > MANY_LINKS * len(timeline):
            decisive = find_links(timeline, self._rules, chains.decisive_within_limit(), chains.beyond_limit())
            parts = [
                self._fights_of(*component, cached, is_decisive=True)
                for component in _by_component(len(timeline), decisive)
            ]
            if all(len(fights) == 1 for fights in parts):
                return [fight for fights in parts for fight in fights]
        every = find_links(timeline, self._rules, chains.within_limit(), chains.beyond_limit())
        return [
            fight
            for component in _by_component(len(timeline), every)
            for fight in self._fights_of(*component, cached, is_decisive=False)
        ]

    def _fights_of(
        self,
        members: Sequence[int],
        links: Sequence[IndexedLink],
        cached: Mapping[tuple[int, bool], _ComponentFights],
        *,
        is_decisive: bool,
    ) -> Sequence[Fight]:
        killmails = [self._killmails[index] for index in members]
        key = killmails[0].killmail.killmail_id, is_decisive
        entry = cached.get(key)
        if entry is None or entry.killmails != killmails or entry.links != links:
            entry = _ComponentFights(killmails, links, tuple(self._split(members, links)))
        self._components[key] = entry
        return entry.fights

    def _split(self, members: Sequence[int], links: Sequence[IndexedLink]) -> Iterator[Fight]:
        timeline, rules = self._killmails, self._rules
        for part, inner_links in _split_at_guests(members, links, timeline, rules):
            for tree, forest in _maximum_spanning_forest(part, inner_links, timeline, self._constraints):
                yield Fight(
                    build_engagement(timeline[index] for index in tree),
                    tuple(_with_ids(timeline, link, rules) for link in forest),
                )


class _CachedComponent(NamedTuple):
    """A component, and what it was computed from."""

    members: Sequence[ClassifiedKillmail]
    links: Sequence[Link]
    rules: DetectionRules
    component: Component


class TimelineCache:
    """Results of earlier clusterings by system and component: a few new killmails change few of them."""

    def __init__(self, max_systems: int = MAX_CACHED_SYSTEMS) -> None:
        self._max_systems = max_systems
        self._runs: dict[int, tuple[object, dict[int, Run]]] = {}
        self._rounds: dict[int, SecondRounds] = {}
        self._components: dict[int, _CachedComponent] = {}
        self._classified: dict[int, ClassifiedKillmail] = {}

    def classify(self, killmail: Killmail) -> ClassifiedKillmail:
        """The same object for the same killmail; another one after an edit changed the killmail."""
        cached = self._classified.get(killmail.killmail_id)
        if cached is None or cached.killmail is not killmail:
            if len(self._classified) >= MAX_CACHED_KILLMAILS:
                self._classified.clear()
            cached = self._classified[killmail.killmail_id] = classify(killmail)
        return cached

    def fights(
        self, combat: Sequence[ClassifiedKillmail], rules: DetectionRules, constraints: Constraints
    ) -> Iterator[Fight]:
        """The fights of one system with all its combat killmails in time order."""
        system = combat[0].killmail.system_id
        key = (rules, constraints.cannot_link)
        cached_key, cached = self._runs.pop(system, (None, {}))
        runs: dict[int, Run] = {}
        self._runs[system] = key, runs
        if len(self._runs) > self._max_systems:
            oldest = next(iter(self._runs))
            del self._runs[oldest]
            self._rounds.pop(oldest, None)
        for killmails in split_into_runs(combat, rules):
            first = killmails[0].killmail.killmail_id
            run = cached.get(first) if cached_key == key else None
            runs[first] = run = run or Run(rules, constraints)
            yield from run.fights(killmails)

    def second_rounds(self, system_id: int) -> SecondRounds:
        """The links between engagements of that system that were found before."""
        return self._rounds.setdefault(system_id, {})

    def component(
        self, members: Sequence[ClassifiedKillmail], links: Sequence[Link], rules: DetectionRules
    ) -> Component:
        """The component of these killmails and links; the same object as last time if they are the same."""
        first = members[0].killmail.killmail_id
        cached = self._components.get(first)
        if cached is None or cached.members != members or cached.links != links or cached.rules != rules:
            if len(self._components) >= MAX_CACHED_KILLMAILS:
                self._components.clear()
            cached = _CachedComponent(members, links, rules, _component(members, links, rules))
            self._components[first] = cached
        return cached.component


def cluster(
    killmails: Iterable[Killmail],
    rules: DetectionRules,
    constraints: Constraints = NO_CONSTRAINTS,
    timeline_cache: TimelineCache | None = None,
) -> tuple[Component, ...]:
    """The connected components of the killmails, in order of their first killmail.

    Every killmail is in exactly one component, alone if no link joins it to another; an excluded killmail is in none.
    A component that is large enough is a battle (`is_battle`). `timeline_cache` saves work if most
    of the killmails were clustered before, and has no effect on the result.
    """
    timeline_cache = timeline_cache or TimelineCache()
    classified = [timeline_cache.classify(killmail) for killmail in apply_constraints(killmails, constraints)]
    linking = [entry for entry in classified if entry.kind is not LossKind.NON_COMBAT]
    fights = [
        fight
        for combat in group_by_system(linking).values()
        for fight in timeline_cache.fights(combat, rules, constraints)
    ]
    engagements = [fight.engagement for fight in fights]
    links = [*_must_links(classified, constraints), *(link for fight in fights for link in fight.links)]
    between_engagements = link_engagements(engagements, linking, rules, timeline_cache.second_rounds)
    links += sorted((engagement_link.link for engagement_link in between_engagements), key=_link_sort_key)
    links += _attachment_links(classified, engagements, between_engagements, rules)
    return _components(classified, links, rules, constraints, timeline_cache)


def split_into_runs(
    timeline: Sequence[ClassifiedKillmail], rules: DetectionRules
) -> Iterator[list[ClassifiedKillmail]]:
    """The killmails of one system's timeline, cut where no link inside the system reaches across."""
    reach = max(rules.max_pause, rules.simultaneity_window)
    start, linked_until = 0, timeline[0].killmail.time
    for index, classified in enumerate(timeline):
        killmail = classified.killmail
        if killmail.time > linked_until and index > start:
            yield list(timeline[start:index])
            start = index
        linked_until = max(linked_until, killmail.time + (reach if classified.target is None else rules.siege_window))
    yield list(timeline[start:])


def _split_at_guests(
    members: Sequence[int],
    links: Sequence[IndexedLink],
    timeline: Sequence[ClassifiedKillmail],
    rules: DetectionRules,
) -> list[tuple[list[int], list[IndexedLink]]]:
    parts = [(part, set(part)) for part in split_at_guests(members, links, timeline, rules)]
    return [(part, [link for link in links if link.a in within and link.b in within]) for part, within in parts]


def _by_component(size: int, links: Sequence[IndexedLink]) -> Iterator[tuple[list[int], list[IndexedLink]]]:
    sets = DisjointSets(size)
    for link in links:
        sets.union(link.a, link.b)
    inner_links: dict[int, list[IndexedLink]] = {}
    for link in links:
        inner_links.setdefault(sets.find(link.a), []).append(link)
    for members in sets.sets():
        yield members, inner_links.get(sets.find(members[0]), [])


def _maximum_spanning_forest(
    members: Sequence[int],
    links: Sequence[IndexedLink],
    timeline: Sequence[ClassifiedKillmail],
    constraints: Constraints,
) -> Iterator[tuple[list[int], list[IndexedLink]]]:
    """Trees of the strongest links, so that a split cuts where the evidence is weakest."""
    position_of = {index: position for position, index in enumerate(members)}
    killmail_ids = [timeline[index].killmail.killmail_id for index in members]
    sets = DisjointSets(len(members), cannot_link_labels(killmail_ids, constraints.cannot_link))
    forest = [link for link in sorted(links, key=link_sort_key) if sets.union(position_of[link.a], position_of[link.b])]
    for part in sets.sets():
        root = sets.find(part[0])
        tree = [link for link in forest if sets.find(position_of[link.a]) == root]
        yield [members[position] for position in part], tree


def _must_links(killmails: Sequence[ClassifiedKillmail], constraints: Constraints) -> list[Link]:
    present = {classified.killmail.killmail_id for classified in killmails}
    return [
        Link(a, b, LinkReason.TAGGED, 1.0) for a, b in sorted(constraints.must_link) if a in present and b in present
    ]


def _attachment_links(
    killmails: Sequence[ClassifiedKillmail],
    engagements: Sequence[Engagement],
    engagement_links: Iterable[EngagementLink],
    rules: DetectionRules,
) -> Iterator[Link]:
    linked = {index for link in engagement_links for index in (link.first, link.second)}
    fights: list[Engagement] = []
    lone_capsules: list[ClassifiedKillmail] = []
    for index, engagement in enumerate(engagements):
        if index in linked or any(classified.kind is LossKind.COMBAT for classified in engagement.killmails):
            fights.append(engagement)
        else:
            lone_capsules += engagement.killmails
    non_combat = [classified for classified in killmails if classified.kind is LossKind.NON_COMBAT]
    systems = {classified.killmail.system_id for classified in (*non_combat, *lone_capsules)}
    windows: dict[int, list[FightWindow]] = {}
    for fight in fights:
        if fight.system_id in systems:
            windows.setdefault(fight.system_id, []).append(FightWindow(fight, rules))
    yield from attachment_links(non_combat, lone_capsules, windows, ShipLosses(lone_capsules, killmails, rules))


def _components(
    killmails: Sequence[ClassifiedKillmail],
    links: Iterable[Link],
    rules: DetectionRules,
    constraints: Constraints,
    timeline_cache: TimelineCache,
) -> tuple[Component, ...]:
    killmail_ids = [classified.killmail.killmail_id for classified in killmails]
    index_of = {killmail_id: index for index, killmail_id in enumerate(killmail_ids)}
    sets = DisjointSets(len(killmail_ids), cannot_link_labels(killmail_ids, constraints.cannot_link))
    forest: list[tuple[int, Link]] = []
    for link in links:
        a, b = index_of[link.from_killmail_id], index_of[link.to_killmail_id]
        if sets.union(a, b):
            forest.append((a, link))
    inner_links: dict[int, list[Link]] = {}
    for a, link in forest:
        inner_links.setdefault(sets.find(a), []).append(link)
    return tuple(
        timeline_cache.component([killmails[index] for index in members], inner_links.get(members[0], []), rules)
        for members in sets.sets()
    )


def _component(
    members: Sequence[ClassifiedKillmail],
    links: Iterable[Link],
    rules: DetectionRules,
) -> Component:
    counted = [classified for classified in members if classified.kind is not LossKind.NON_COMBAT]
    return Component(
        killmail_ids=tuple(classified.killmail.killmail_id for classified in members),
        links=tuple(sorted(links)),
        tier=tier_of(counted, rules),
        is_battle=len(counted) >= rules.min_kills and has_combat_loss(counted),
        non_combat_ids=tuple(c.killmail.killmail_id for c in members if c.kind is LossKind.NON_COMBAT),
        inactivity_gap=rules.max_pause if len(counted) <= rules.lone_losses else rules.quiet_limit,
    )


def _with_ids(timeline: Sequence[ClassifiedKillmail], link: IndexedLink, rules: DetectionRules) -> Link:
    a, b = timeline[link.a].killmail, timeline[link.b].killmail
    if link.reason is LinkReason.SAME_PEOPLE:  # a pilot may be unseen longer in an ongoing fight
        limit = rules.quiet_limit if b.time - a.time <= rules.quiet_limit else rules.max_pause
    else:
        limit = rules.siege_window if link.reason is LinkReason.SAME_TARGET else rules.simultaneity_window
    return Link(a.killmail_id, b.killmail_id, link.reason, link.score, limit)


def _link_sort_key(link: Link) -> tuple[float, int, int]:
    return -link.score, link.from_killmail_id, link.to_killmail_id
