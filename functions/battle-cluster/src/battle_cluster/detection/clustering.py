"""Which mails are one battle: a pure function of a set of mails, whatever the order and the batches they came in."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from battle_cluster.detection.attachments import CapsuleMatcher, EngagementWindow, non_combat_links
from battle_cluster.detection.bridges import split_at_bridges
from battle_cluster.detection.classification import ClassifiedKillmail, LossKind, by_system, classify
from battle_cluster.detection.engagements import Engagement, EngagementKillmail, chapter, link_engagements
from battle_cluster.detection.links import IndexedLink, Link, PilotChains, Reason, find_links, link_sort_key
from battle_cluster.detection.rules import DetectionRules
from battle_cluster.detection.session_gap import inactivity_gaps
from battle_cluster.detection.tiers import Tier, has_combat_loss, tier
from battle_cluster.detection.union_find import DisjointSets, cannot_link_labels
from battle_cluster.domain.killmail import Killmail
from battle_cluster.edits.constraints import NONE, Constraints, apply_constraints

MOST_LINES = 256
"""About the systems in which somebody fights within an hour."""

MOST_SIGHTINGS = 10_000
"""As many mails as a process remembers."""


@dataclass(frozen=True, slots=True)
class Component:
    """Mails that belong together, and why.

    killmail_ids: every member, by (time, id); `shown` are those of them that link nothing and count for no size.
    links: the strongest links that hold the component together, one fewer than members, never all pairs.
    published: it has reached the size from which a component is a battle.
    quiet: the limit of silence after its last fight mail, in seconds.
    """

    killmail_ids: tuple[int, ...]
    links: tuple[Link, ...]
    tier: Tier
    is_battle: bool
    non_combat_ids: tuple[int, ...] = ()
    inactivity_gap: int = 0


@dataclass(frozen=True, slots=True)
class SystemTimeline:
    """What one system's fight mails come to by themselves: the quiet limit at each, the chapters and their links."""

    inactivity_gap: tuple[int, ...]
    chapters: tuple[Engagement, ...]
    chain_links: tuple[Link, ...]


class TimelineCache:
    """What the systems looked at last came to, for whoever asks again about the same mails or a few more."""

    def __init__(self, most: int = MOST_LINES) -> None:
        self._most = most
        self._known: dict[int, tuple[object, SystemTimeline]] = {}
        self._chains: dict[int, PilotChains] = {}
        self._seen: dict[int, ClassifiedKillmail] = {}

    def seen(self, mail: Killmail) -> ClassifiedKillmail:
        """The same sighting for the same mail; an edited one is another."""
        known = self._seen.get(mail.killmail_id)
        if known is None or known.mail is not mail:
            if len(self._seen) >= MOST_SIGHTINGS:
                self._seen.clear()
            known = self._seen[mail.killmail_id] = classify(mail)
        return known

    def line(
        self, fights: Sequence[ClassifiedKillmail], rules: DetectionRules, constraints: Constraints
    ) -> SystemTimeline:
        system = fights[0].mail.system_id
        asked = ([sighting.mail.killmail_id for sighting in fights], rules, constraints)
        known = self._known.pop(system, None)
        chains = self._chains.pop(system, None) or PilotChains()
        if known is None or known[0] != asked:
            chains.sync(fights)
            known = (asked, _line(fights, rules, constraints, chains))
        self._known[system], self._chains[system] = known, chains
        if len(self._known) > self._most:
            oldest = next(iter(self._known))
            del self._known[oldest], self._chains[oldest]
        return known[1]


def max_link_distance(rules: DetectionRules) -> int:
    """How far in time, in seconds, a mail can change the links of others. `locality.py` says which of them."""
    return max(rules.window, rules.siege_window, rules.longest_quiet, rules.capsule)


def cluster(
    mails: Iterable[Killmail],
    rules: DetectionRules,
    constraints: Constraints = NONE,
    timeline_cache: TimelineCache | None = None,
) -> tuple[Component, ...]:
    """Every mail in exactly one component, components in order of their first mail; excluded mails are in none.

    `lines` saves work where much of the same was clustered before, and changes nothing else.
    """
    timeline_cache = timeline_cache or TimelineCache()
    sightings = [timeline_cache.seen(mail) for mail in apply_constraints(mails, constraints)]
    fights = [sighting for sighting in sightings if sighting.kind is LossKind.FIGHT]
    chapters, chain_links, inactivity_gap = _chapters(fights, rules, constraints, timeline_cache)
    pages = _indexed_killmails(fights, chapters, inactivity_gap)
    links = [*_must_links(sightings, constraints), *chain_links]
    links += sorted((crossing.link for crossing in link_engagements(chapters, pages, rules)), key=_strongest)
    links += _attachment_links(sightings, pages, chapters, rules)
    return _components(sightings, links, inactivity_gap, rules, constraints)


def _chapters(
    fights: Sequence[ClassifiedKillmail], rules: DetectionRules, constraints: Constraints, timeline_cache: TimelineCache
) -> tuple[list[Engagement], list[Link], dict[int, int]]:
    """The chapters of all systems, the links that hold them, and the quiet limit at each fight mail."""
    chapters: list[Engagement] = []
    chain_links: list[Link] = []
    inactivity_gap: dict[int, int] = {}
    for line in by_system(fights).values():
        found = timeline_cache.line(line, rules, constraints)
        inactivity_gap.update(
            (sighting.mail.killmail_id, limit) for sighting, limit in zip(line, found.inactivity_gap, strict=True)
        )
        chapters += found.chapters
        chain_links += found.chain_links
    return chapters, chain_links, inactivity_gap


def _line(
    line: Sequence[ClassifiedKillmail], rules: DetectionRules, constraints: Constraints, chains: PilotChains
) -> SystemTimeline:
    inactivity_gap = inactivity_gaps([sighting.mail.time for sighting in line], rules)
    parts = list(_system_chapters(line, find_links(line, inactivity_gap, rules, chains), rules, constraints))
    return SystemTimeline(
        tuple(inactivity_gap),
        tuple(chapter(line[at] for at in members) for members, _ in parts),
        tuple(_link(line, tie) for _, forest in parts for tie in forest),
    )


def _system_chapters(
    line: Sequence[ClassifiedKillmail], found: Sequence[IndexedLink], rules: DetectionRules, constraints: Constraints
) -> Iterator[tuple[list[int], list[IndexedLink]]]:
    own = _by_component(len(line), found)
    for members, inside in own:
        for part in split_at_bridges(members, inside, line, rules):
            within = set(part)
            usable = [tie for tie in inside if tie.a in within and tie.b in within]
            yield from _maximum_spanning_forest(part, usable, line, constraints)


def _by_component(size: int, found: Sequence[IndexedLink]) -> Iterator[tuple[list[int], list[IndexedLink]]]:
    groups = DisjointSets(size)
    for tie in found:
        groups.union(tie.a, tie.b)
    inside: dict[int, list[IndexedLink]] = {}
    for tie in found:
        inside.setdefault(groups.find(tie.a), []).append(tie)
    for members in groups.members():
        yield members, inside.get(groups.find(members[0]), [])


def _maximum_spanning_forest(
    members: Sequence[int], usable: Sequence[IndexedLink], line: Sequence[ClassifiedKillmail], constraints: Constraints
) -> Iterator[tuple[list[int], list[IndexedLink]]]:
    """The strongest links first, so that a split cuts where the evidence is weakest."""
    position = {at: number for number, at in enumerate(members)}
    ids = [line[at].mail.killmail_id for at in members]
    groups = DisjointSets(len(members), cannot_link_labels(ids, constraints.cannot_link))
    kept = [tie for tie in sorted(usable, key=link_sort_key) if groups.union(position[tie.a], position[tie.b])]
    for part in groups.members():
        root = groups.find(part[0])
        yield [members[number] for number in part], [tie for tie in kept if groups.find(position[tie.a]) == root]


def _indexed_killmails(
    fights: Sequence[ClassifiedKillmail], chapters: Sequence[Engagement], inactivity_gap: Mapping[int, int]
) -> list[EngagementKillmail]:
    number = {s.mail.killmail_id: at for at, chapter in enumerate(chapters) for s in chapter.sightings}
    return [EngagementKillmail(s, number[s.mail.killmail_id], inactivity_gap[s.mail.killmail_id]) for s in fights]


def _must_links(sightings: Sequence[ClassifiedKillmail], constraints: Constraints) -> list[Link]:
    known = {sighting.mail.killmail_id for sighting in sightings}
    return [Link(a, b, Reason.TAGGED, 1.0) for a, b in sorted(constraints.must_link) if a in known and b in known]


def _attachment_links(
    sightings: Sequence[ClassifiedKillmail],
    pages: Sequence[EngagementKillmail],
    chapters: Sequence[Engagement],
    rules: DetectionRules,
) -> Iterator[Link]:
    capsules = [sighting for sighting in sightings if sighting.kind is LossKind.CAPSULE]
    ships = CapsuleMatcher(capsules, pages, rules)
    yield from filter(None, map(ships.link, capsules))
    non_combat_ids = [sighting for sighting in sightings if sighting.kind is LossKind.SHOWN]
    systems = {sighting.mail.system_id for sighting in non_combat_ids}
    stages: dict[int, list[EngagementWindow]] = {}
    for own in chapters:
        if own.sightings[0].mail.system_id in systems:
            stages.setdefault(own.sightings[0].mail.system_id, []).append(EngagementWindow(own.sightings))
    yield from non_combat_links(non_combat_ids, stages, rules)


def _components(
    sightings: Sequence[ClassifiedKillmail],
    links: Iterable[Link],
    inactivity_gap: Mapping[int, int],
    rules: DetectionRules,
    constraints: Constraints,
) -> tuple[Component, ...]:
    ids = [sighting.mail.killmail_id for sighting in sightings]
    position = {killmail_id: at for at, killmail_id in enumerate(ids)}
    groups = DisjointSets(len(ids), cannot_link_labels(ids, constraints.cannot_link))
    kept: dict[int, list[Link]] = {}
    for link in [link for link in links if groups.union(position[link.a], position[link.b])]:
        kept.setdefault(groups.find(position[link.a]), []).append(link)
    return tuple(
        _component([sightings[at] for at in members], kept.get(groups.find(members[0]), []), inactivity_gap, rules)
        for members in groups.members()
    )


def _component(
    members: Sequence[ClassifiedKillmail],
    links: Iterable[Link],
    inactivity_gap: Mapping[int, int],
    rules: DetectionRules,
) -> Component:
    counted = [sighting for sighting in members if sighting.kind is not LossKind.SHOWN]
    last = next((s.mail.killmail_id for s in reversed(members) if s.kind is LossKind.FIGHT), None)
    return Component(
        killmail_ids=tuple(sighting.mail.killmail_id for sighting in members),
        links=tuple(sorted(links)),
        tier=tier(counted, rules),
        is_battle=len(counted) >= rules.min_kills and has_combat_loss(counted),
        non_combat_ids=tuple(sighting.mail.killmail_id for sighting in members if sighting.kind is LossKind.SHOWN),
        inactivity_gap=rules.default_gap if last is None else inactivity_gap[last],
    )


def _link(line: Sequence[ClassifiedKillmail], tie: IndexedLink) -> Link:
    return Link(line[tie.a].mail.killmail_id, line[tie.b].mail.killmail_id, tie.reason, tie.score)


def _strongest(link: Link) -> tuple[float, int, int]:
    return -link.score, link.a, link.b
