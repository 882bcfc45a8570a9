"""Clusters killmails into battles: a pure function of the set of killmails, independent of order and batches."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from battle_cluster.detection.attachments import FightWindow, ShipLosses, attachment_links
from battle_cluster.detection.chains import PilotChains
from battle_cluster.detection.classification import ClassifiedKillmail, LossKind, classify, group_by_system
from battle_cluster.detection.engagements import (
    Engagement,
    EngagementLink,
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


@dataclass(frozen=True, slots=True)
class SystemTimeline:
    """The engagements of one system's linking killmails, and the links inside them."""

    engagements: tuple[Engagement, ...]
    chain_links: tuple[Link, ...]


class TimelineCache:
    """Cache of per-system results, updated incrementally when a few killmails are added."""

    def __init__(self, max_systems: int = MAX_CACHED_SYSTEMS) -> None:
        self._max_systems = max_systems
        self._timelines: dict[int, tuple[object, SystemTimeline]] = {}
        self._chains: dict[int, PilotChains] = {}
        self._classified: dict[int, ClassifiedKillmail] = {}

    def classify(self, killmail: Killmail) -> ClassifiedKillmail:
        """The same object for the same killmail; another one after an edit changed the killmail."""
        cached = self._classified.get(killmail.killmail_id)
        if cached is None or cached.killmail is not killmail:
            if len(self._classified) >= MAX_CACHED_KILLMAILS:
                self._classified.clear()
            cached = self._classified[killmail.killmail_id] = classify(killmail)
        return cached

    def timeline(
        self, combat: Sequence[ClassifiedKillmail], rules: DetectionRules, constraints: Constraints
    ) -> SystemTimeline:
        """The timeline of one system with all its combat killmails in time order."""
        system = combat[0].killmail.system_id
        key = ([classified.killmail.killmail_id for classified in combat], rules, constraints)
        cached = self._timelines.pop(system, None)
        chains = self._chains.pop(system, None)
        if chains is None or chains.rules != rules:
            chains = PilotChains(rules)
        if cached is None or cached[0] != key:
            chains.sync(combat)
            cached = (key, _build_timeline(combat, rules, constraints, chains))
        self._timelines[system], self._chains[system] = cached, chains
        if len(self._timelines) > self._max_systems:
            oldest = next(iter(self._timelines))
            del self._timelines[oldest], self._chains[oldest]
        return cached[1]


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
    engagements, chain_links = _engagements(linking, rules, constraints, timeline_cache)
    links = [*_must_links(classified, constraints), *chain_links]
    between_engagements = link_engagements(engagements, linking, rules)
    links += sorted((engagement_link.link for engagement_link in between_engagements), key=_link_sort_key)
    links += _attachment_links(classified, engagements, between_engagements, rules)
    return _components(classified, links, rules, constraints)


def _engagements(
    combat: Sequence[ClassifiedKillmail], rules: DetectionRules, constraints: Constraints, timeline_cache: TimelineCache
) -> tuple[list[Engagement], list[Link]]:
    """The engagements of all systems and the links inside them."""
    engagements: list[Engagement] = []
    chain_links: list[Link] = []
    for system_killmails in group_by_system(combat).values():
        timeline = timeline_cache.timeline(system_killmails, rules, constraints)
        engagements += timeline.engagements
        chain_links += timeline.chain_links
    return engagements, chain_links


def _build_timeline(
    combat: Sequence[ClassifiedKillmail], rules: DetectionRules, constraints: Constraints, chains: PilotChains
) -> SystemTimeline:
    parts = [
        tree
        for members, links in _fights(combat, rules, constraints, chains)
        for tree in _maximum_spanning_forest(members, links, combat, constraints)
    ]
    return SystemTimeline(
        tuple(build_engagement(combat[index] for index in members) for members, _ in parts),
        tuple(_with_ids(combat, link, rules) for _, forest in parts for link in forest),
    )


def _fights(
    timeline: Sequence[ClassifiedKillmail], rules: DetectionRules, constraints: Constraints, chains: PilotChains
) -> list[tuple[list[int], list[IndexedLink]]]:
    """The components, split at guests, each with the links inside it.

    The decisive links are enough where nothing is split: a part can be held together by links that decide nothing in
    the whole.
    """
    if not constraints.cannot_link and len(chains.within_limit()) > MANY_LINKS * len(timeline):
        decisive = find_links(timeline, rules, chains.decisive_within_limit(), chains.beyond_limit())
        fights = [_split_at_guests(*component, timeline, rules) for component in _by_component(len(timeline), decisive)]
        if all(len(parts) == 1 for parts in fights):
            return [fight for parts in fights for fight in parts]
    every = find_links(timeline, rules, chains.within_limit(), chains.beyond_limit())
    components = _by_component(len(timeline), every)
    return [fight for component in components for fight in _split_at_guests(*component, timeline, rules)]


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
        _component([killmails[index] for index in members], inner_links.get(sets.find(members[0]), []), rules)
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
