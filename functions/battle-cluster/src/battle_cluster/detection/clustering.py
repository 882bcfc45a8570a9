"""Which mails are one battle: a pure function of a set of mails, whatever the order and the batches they came in."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from battle_cluster.detection.attachments import Capsules, Stage, shown_links
from battle_cluster.detection.bridges import parted
from battle_cluster.detection.classification import Kind, Sighting, by_system, seen
from battle_cluster.detection.engagements import Chapter, Page, chapter, crossings
from battle_cluster.detection.links import Chains, Link, Reason, Tie, strength, ties
from battle_cluster.detection.rules import Rules
from battle_cluster.detection.session_gap import limits
from battle_cluster.detection.tiers import Tier, opens, tier
from battle_cluster.detection.union_find import Groups, labels
from battle_cluster.domain.killmail import Mail
from battle_cluster.edits.constraints import NONE, Constraints, applied

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
    published: bool
    shown: tuple[int, ...] = ()
    quiet: int = 0


@dataclass(frozen=True, slots=True)
class Line:
    """What one system's fight mails come to by themselves: the quiet limit at each, the chapters and their links."""

    quiet: tuple[int, ...]
    chapters: tuple[Chapter, ...]
    held: tuple[Link, ...]


class Lines:
    """What the systems looked at last came to, for whoever asks again about the same mails or a few more."""

    def __init__(self, most: int = MOST_LINES) -> None:
        self._most = most
        self._known: dict[int, tuple[object, Line]] = {}
        self._chains: dict[int, Chains] = {}
        self._seen: dict[int, Sighting] = {}

    def seen(self, mail: Mail) -> Sighting:
        """The same sighting for the same mail; an edited one is another."""
        known = self._seen.get(mail.killmail_id)
        if known is None or known.mail is not mail:
            if len(self._seen) >= MOST_SIGHTINGS:
                self._seen.clear()
            known = self._seen[mail.killmail_id] = seen(mail)
        return known

    def line(self, fights: Sequence[Sighting], rules: Rules, constraints: Constraints) -> Line:
        system = fights[0].mail.system_id
        asked = ([sighting.mail.killmail_id for sighting in fights], rules, constraints)
        known = self._known.pop(system, None)
        chains = self._chains.pop(system, None) or Chains()
        if known is None or known[0] != asked:
            chains.hold(fights)
            known = (asked, _line(fights, rules, constraints, chains))
        self._known[system], self._chains[system] = known, chains
        if len(self._known) > self._most:
            oldest = next(iter(self._known))
            del self._known[oldest], self._chains[oldest]
        return known[1]


def reach(rules: Rules) -> int:
    """How far in time, in seconds, a mail can change the links of others. `locality.py` says which of them."""
    return max(rules.window, rules.siege, rules.longest_quiet, rules.capsule)


def cluster(
    mails: Iterable[Mail], rules: Rules, constraints: Constraints = NONE, lines: Lines | None = None
) -> tuple[Component, ...]:
    """Every mail in exactly one component, components in order of their first mail; excluded mails are in none.

    `lines` saves work where much of the same was clustered before, and changes nothing else.
    """
    lines = lines or Lines()
    sightings = [lines.seen(mail) for mail in applied(mails, constraints)]
    fights = [sighting for sighting in sightings if sighting.kind is Kind.FIGHT]
    chapters, held, quiet = _chapters(fights, rules, constraints, lines)
    pages = _pages(fights, chapters, quiet)
    links = [*_tags(sightings, constraints), *held]
    links += sorted((crossing.link for crossing in crossings(chapters, pages, rules)), key=_strongest)
    links += _joins(sightings, pages, chapters, rules)
    return _components(sightings, links, quiet, rules, constraints)


def _chapters(
    fights: Sequence[Sighting], rules: Rules, constraints: Constraints, lines: Lines
) -> tuple[list[Chapter], list[Link], dict[int, int]]:
    """The chapters of all systems, the links that hold them, and the quiet limit at each fight mail."""
    chapters: list[Chapter] = []
    held: list[Link] = []
    quiet: dict[int, int] = {}
    for line in by_system(fights).values():
        found = lines.line(line, rules, constraints)
        quiet.update((sighting.mail.killmail_id, limit) for sighting, limit in zip(line, found.quiet, strict=True))
        chapters += found.chapters
        held += found.held
    return chapters, held, quiet


def _line(line: Sequence[Sighting], rules: Rules, constraints: Constraints, chains: Chains) -> Line:
    quiet = limits([sighting.mail.time for sighting in line], rules)
    parts = list(_system_chapters(line, ties(line, quiet, rules, chains), rules, constraints))
    return Line(
        tuple(quiet),
        tuple(chapter(line[at] for at in members) for members, _ in parts),
        tuple(_link(line, tie) for _, forest in parts for tie in forest),
    )


def _system_chapters(
    line: Sequence[Sighting], found: Sequence[Tie], rules: Rules, constraints: Constraints
) -> Iterator[tuple[list[int], list[Tie]]]:
    own = _by_component(len(line), found)
    for members, inside in own:
        for part in parted(members, inside, line, rules):
            within = set(part)
            usable = [tie for tie in inside if tie.a in within and tie.b in within]
            yield from _forest(part, usable, line, constraints)


def _by_component(size: int, found: Sequence[Tie]) -> Iterator[tuple[list[int], list[Tie]]]:
    groups = Groups(size)
    for tie in found:
        groups.unite(tie.a, tie.b)
    inside: dict[int, list[Tie]] = {}
    for tie in found:
        inside.setdefault(groups.root(tie.a), []).append(tie)
    for members in groups.members():
        yield members, inside.get(groups.root(members[0]), [])


def _forest(
    members: Sequence[int], usable: Sequence[Tie], line: Sequence[Sighting], constraints: Constraints
) -> Iterator[tuple[list[int], list[Tie]]]:
    """The strongest links first, so that a split cuts where the evidence is weakest."""
    position = {at: number for number, at in enumerate(members)}
    ids = [line[at].mail.killmail_id for at in members]
    groups = Groups(len(members), labels(ids, constraints.cannot_link))
    kept = [tie for tie in sorted(usable, key=strength) if groups.unite(position[tie.a], position[tie.b])]
    for part in groups.members():
        root = groups.root(part[0])
        yield [members[number] for number in part], [tie for tie in kept if groups.root(position[tie.a]) == root]


def _pages(fights: Sequence[Sighting], chapters: Sequence[Chapter], quiet: Mapping[int, int]) -> list[Page]:
    number = {s.mail.killmail_id: at for at, chapter in enumerate(chapters) for s in chapter.sightings}
    return [Page(s, number[s.mail.killmail_id], quiet[s.mail.killmail_id]) for s in fights]


def _tags(sightings: Sequence[Sighting], constraints: Constraints) -> list[Link]:
    known = {sighting.mail.killmail_id for sighting in sightings}
    return [Link(a, b, Reason.TAGGED, 1.0) for a, b in sorted(constraints.must_link) if a in known and b in known]


def _joins(
    sightings: Sequence[Sighting], pages: Sequence[Page], chapters: Sequence[Chapter], rules: Rules
) -> Iterator[Link]:
    capsules = [sighting for sighting in sightings if sighting.kind is Kind.CAPSULE]
    ships = Capsules(capsules, pages, rules)
    yield from filter(None, map(ships.link, capsules))
    shown = [sighting for sighting in sightings if sighting.kind is Kind.SHOWN]
    systems = {sighting.mail.system_id for sighting in shown}
    stages: dict[int, list[Stage]] = {}
    for own in chapters:
        if own.sightings[0].mail.system_id in systems:
            stages.setdefault(own.sightings[0].mail.system_id, []).append(Stage(own.sightings))
    yield from shown_links(shown, stages, rules)


def _components(
    sightings: Sequence[Sighting],
    links: Iterable[Link],
    quiet: Mapping[int, int],
    rules: Rules,
    constraints: Constraints,
) -> tuple[Component, ...]:
    ids = [sighting.mail.killmail_id for sighting in sightings]
    position = {killmail_id: at for at, killmail_id in enumerate(ids)}
    groups = Groups(len(ids), labels(ids, constraints.cannot_link))
    kept: dict[int, list[Link]] = {}
    for link in [link for link in links if groups.unite(position[link.a], position[link.b])]:
        kept.setdefault(groups.root(position[link.a]), []).append(link)
    return tuple(
        _component([sightings[at] for at in members], kept.get(groups.root(members[0]), []), quiet, rules)
        for members in groups.members()
    )


def _component(members: Sequence[Sighting], links: Iterable[Link], quiet: Mapping[int, int], rules: Rules) -> Component:
    counted = [sighting for sighting in members if sighting.kind is not Kind.SHOWN]
    last = next((s.mail.killmail_id for s in reversed(members) if s.kind is Kind.FIGHT), None)
    return Component(
        killmail_ids=tuple(sighting.mail.killmail_id for sighting in members),
        links=tuple(sorted(links)),
        tier=tier(counted, rules),
        published=len(counted) >= rules.min_kills and opens(counted),
        shown=tuple(sighting.mail.killmail_id for sighting in members if sighting.kind is Kind.SHOWN),
        quiet=rules.quiet_unknown if last is None else quiet[last],
    )


def _link(line: Sequence[Sighting], tie: Tie) -> Link:
    return Link(line[tie.a].mail.killmail_id, line[tie.b].mail.killmail_id, tie.reason, tie.score)


def _strongest(link: Link) -> tuple[float, int, int]:
    return -link.score, link.a, link.b
