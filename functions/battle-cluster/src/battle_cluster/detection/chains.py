"""The killmails of each pilot in one system, kept up to date, and the links between consecutive ones."""

from bisect import bisect_left
from collections.abc import Collection, Sequence
from typing import NamedTuple

from battle_cluster.detection.classification import ClassifiedKillmail
from battle_cluster.detection.rules import DetectionRules
from battle_cluster.detection.union_find import DisjointSets

TimeKey = tuple[int, int]
"""Time and id of a killmail."""


class ChainLink(NamedTuple):
    """Two killmails that are consecutive for some pilots. Sorts the strongest first, then the closest, the earliest.

    weakness: the negative score. time: of the first killmail. pilot: set if the link rests on one pilot alone.
    """

    weakness: float
    pause: int
    time: int
    first: int
    second: int
    pilot: int | None


class SpanningForest:
    """The strongest links that connect what all of its links connect.

    Where no link of the forest goes, new links compete with those of the forest only: a link that lost once never wins.
    """

    def __init__(self) -> None:
        self._links: list[ChainLink] = []
        self.links: list[ChainLink] = []
        self.component_of: dict[int, int] = {}

    def update(self, removed: Collection[ChainLink], added: Collection[ChainLink]) -> None:
        for link in removed:
            del self._links[bisect_left(self._links, link)]
        self._links += added
        self._links.sort()  # a sorted list with a few more at its end takes one pass
        is_whole = frozenset(removed).isdisjoint(self.links)
        candidates = sorted([*self.links, *added]) if is_whole else self._links
        ends = dict.fromkeys(end for link in candidates for end in (link.first, link.second))
        index_of = {killmail_id: index for index, killmail_id in enumerate(ends)}
        sets = DisjointSets(len(index_of))
        self.links = [link for link in candidates if sets.union(index_of[link.first], index_of[link.second])]
        self.component_of = {killmail_id: sets.find(index) for killmail_id, index in index_of.items()}

    def is_within(self, link: ChainLink) -> bool:
        """Whether the forest connects both ends of the link."""
        component = self.component_of.get(link.first)
        return component is not None and component == self.component_of.get(link.second)


class PilotChains:
    """Each pilot's killmails in one system, in time order, and the links between consecutive ones.

    Updated incrementally: adding or removing a killmail costs its own pilots, and a pass over the forests.
    """

    def __init__(self, rules: DetectionRules) -> None:
        self.rules = rules
        self._killmails: dict[int, ClassifiedKillmail] = {}
        self._killmails_by_pilot: dict[int, list[TimeKey]] = {}
        self._pilots_by_pair: dict[tuple[TimeKey, TimeKey], set[int]] = {}
        self._changed_pairs: set[tuple[TimeKey, TimeKey]] = set()
        self._within_limit: dict[tuple[TimeKey, TimeKey], ChainLink] = {}
        self._beyond_limit: dict[tuple[TimeKey, TimeKey], ChainLink] = {}
        self._before: dict[tuple[TimeKey, TimeKey], ChainLink | None] = {}
        """Changed pairs, each with its link within the limit when the forests were last brought up to date."""
        self._strongest = SpanningForest()
        self._of_several_pilots = SpanningForest()

    def sync(self, timeline: Sequence[ClassifiedKillmail]) -> None:
        """Add and remove killmails until exactly those of the timeline are in the chains."""
        target = {classified.killmail.killmail_id: classified for classified in timeline}
        for killmail_id, classified in list(self._killmails.items()):
            if target.get(killmail_id) is not classified:
                self._remove(classified)
        for killmail_id, classified in target.items():
            if killmail_id not in self._killmails:
                self._add(classified)
        self._update_links()

    def within_limit(self) -> Collection[ChainLink]:
        """The links over pauses up to the quiet limit."""
        return self._within_limit.values()

    def decisive_within_limit(self) -> Collection[ChainLink]:
        """Those of `within_limit` that decide about components, their strongest links and guests.

        Components: the forest of the strongest links connects what all connect. Guests: where links of several pilots
        connect killmails, the links of one pilot between these hold nothing together.
        """
        self._update_forests()
        of_one_pilot = (
            link
            for link in self._within_limit.values()
            if link.pilot is not None and not self._of_several_pilots.is_within(link)
        )
        return dict.fromkeys((*self._strongest.links, *self._of_several_pilots.links, *of_one_pilot)).keys()

    def beyond_limit(self) -> Collection[ChainLink]:
        """The links over longer pauses, up to the longest that a shared pilot can link."""
        return self._beyond_limit.values()

    def _update_links(self) -> None:
        for pair in self._changed_pairs:
            self._before.setdefault(pair, self._within_limit.pop(pair, None))
            self._beyond_limit.pop(pair, None)
            link = self._link(pair)
            if link is not None:
                links = self._within_limit if link.pause <= self.rules.quiet_limit else self._beyond_limit
                links[pair] = link
        self._changed_pairs.clear()

    def _update_forests(self) -> None:
        removed = [link for link in self._before.values() if link is not None]
        added = [link for pair in self._before if (link := self._within_limit.get(pair)) is not None]
        self._before.clear()
        self._strongest.update(removed, added)
        self._of_several_pilots.update(
            [link for link in removed if link.pilot is None], [link for link in added if link.pilot is None]
        )

    def _link(self, pair: tuple[TimeKey, TimeKey]) -> ChainLink | None:
        """The link of two killmails that are consecutive for some pilots; None if they are not, or too far apart."""
        pilots = self._pilots_by_pair.get(pair, ())
        (time, first), (later, second) = pair
        pause, max_pause = later - time, self.rules.max_pause
        if not pilots or pause > max_pause:
            return None
        score = round(len(pilots) / (len(pilots) + 1) * (1 - pause / max_pause / 2), 4)
        return ChainLink(-score, pause, time, first, second, next(iter(pilots)) if len(pilots) == 1 else None)

    def _add(self, classified: ClassifiedKillmail) -> None:
        key = (classified.killmail.time, classified.killmail.killmail_id)
        self._killmails[key[1]] = classified
        for pilot in classified.pilots:
            chain = self._killmails_by_pilot.get(pilot)
            if not chain:  # most pilots of a batch are seen once
                self._killmails_by_pilot[pilot] = [key]
                continue
            if chain[-1] < key:  # as all of a batch, and a live one that is not late
                self._add_pair(chain[-1:], [key], pilot)
                chain.append(key)
                continue
            index = bisect_left(chain, key)
            before, after = chain[index - 1 : index], chain[index : index + 1]
            self._remove_pair(before, after, pilot)
            chain.insert(index, key)
            self._add_pair(before, [key], pilot)
            self._add_pair([key], after, pilot)

    def _remove(self, classified: ClassifiedKillmail) -> None:
        key = (classified.killmail.time, classified.killmail.killmail_id)
        del self._killmails[key[1]]
        for pilot in classified.pilots:
            chain = self._killmails_by_pilot[pilot]
            index = bisect_left(chain, key)
            before, after = chain[max(0, index - 1) : index], chain[index + 1 : index + 2]
            self._remove_pair(before, [key], pilot)
            self._remove_pair([key], after, pilot)
            del chain[index]
            self._add_pair(before, after, pilot)

    def _add_pair(self, before: list[TimeKey], after: list[TimeKey], pilot: int) -> None:
        if before and after:
            pair = (before[0], after[0])
            self._changed_pairs.add(pair)
            self._pilots_by_pair.setdefault(pair, set()).add(pilot)

    def _remove_pair(self, before: list[TimeKey], after: list[TimeKey], pilot: int) -> None:
        if before and after:
            pair = (before[0], after[0])
            self._changed_pairs.add(pair)
            self._pilots_by_pair[pair].discard(pilot)
            if not self._pilots_by_pair[pair]:
                del self._pilots_by_pair[pair]
