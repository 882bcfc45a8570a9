"""Asks for the mails around new or edited ones until all are at hand that their battles can depend on.

`locality.py` says why what it asks for is enough.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from battle_cluster.detection.clustering import Component, TimelineCache, cluster
from battle_cluster.detection.neighbourhood import (
    LoadedRange,
    PilotInterval,
    RequiredContext,
    SystemInterval,
    TimeWindow,
    boundary_pilot_intervals,
    max_gap_within_system,
    required_context,
    system_intervals,
)
from battle_cluster.detection.rules import DetectionRules
from battle_cluster.domain.battle import StoredKillmail
from battle_cluster.edits.active_edits import ActiveEdits
from battle_cluster.edits.constraints import Constraints

NO_EDITS = ActiveEdits()
BATCH_THRESHOLD = 100
"""From this many mails on asking for everything around them costs less than finding out what of it they need."""


@dataclass(frozen=True, slots=True)
class NeighbourhoodQuery:
    """Which mails to find: of spans, of trails, single ones, of stored components; `known` ones are at hand.

    `window` asks for everything between two times, wherever it was.

    The answer has every member of each component that any of them is stored in.
    """

    spans: tuple[SystemInterval, ...]
    trails: tuple[PilotInterval, ...]
    components: frozenset[str]
    killmail_ids: frozenset[int]
    known: frozenset[int]
    window: TimeWindow | None = None


@dataclass(frozen=True, slots=True)
class Neighbourhood:
    """Everything at hand, the component each mail is stored with, and the components they form now.

    Only those of `core` may be filed anew; the others surround them, and may lack a part.
    """

    mails: Mapping[int, StoredKillmail]
    stored_component_of: Mapping[int, str | None]
    core: frozenset[int]
    found: tuple[Component, ...]
    constraints: Constraints


@dataclass(frozen=True, slots=True)
class PrefetchHint:
    """What was needed around the mail before. To ask for more than is needed costs little and changes nothing."""

    spans: tuple[SystemInterval, ...]
    trails: tuple[PilotInterval, ...]


def widen_with_hint(
    spans: tuple[SystemInterval, ...], trails: tuple[PilotInterval, ...], hint: PrefetchHint
) -> tuple[tuple[SystemInterval, ...], tuple[PilotInterval, ...]]:
    """The spans and the trail of a first mail, widened by those of the hint where they meet."""
    own = spans[0]
    if not any(_meet(own, span) for span in hint.spans):
        return spans, trails
    widest: dict[int, SystemInterval] = {own.system_id: own}
    for span in hint.spans:
        known = widest.get(span.system_id, span)
        if _meet(known, span):
            widest[span.system_id] = SystemInterval(
                span.system_id, min(known.start, span.start), max(known.end, span.end)
            )
    every = (*trails, *hint.trails)
    if not every:
        return tuple(widest.values()), ()
    pilots = frozenset[int]().union(*(trail.pilots for trail in every))
    together = PilotInterval(pilots, min(trail.start for trail in every), max(trail.end for trail in every))
    return tuple(widest.values()), (together,)


def _meet(span: SystemInterval, other: SystemInterval) -> bool:
    return span.system_id == other.system_id and other.start <= span.end and span.start <= other.end


class NeighbourhoodLoader:
    """`question` what is still needed, `learn` the answer, until there is no question left.

    `arrived` are the mails that are new, edited or to be looked at anew, with the components they are stored in.
    """

    def __init__(
        self,
        arrived: Mapping[int, StoredKillmail],
        rules: DetectionRules,
        lines: TimelineCache,
        edits: ActiveEdits = NO_EDITS,
        *,
        stored_component_of: Mapping[int, str | None] | None = None,
        hint: PrefetchHint | None = None,
    ) -> None:
        self._arrived = frozenset(arrived)
        self._rules = rules
        self._lines = lines
        self._edits = edits
        self._mails = dict(arrived)
        self._stored_in: dict[int, str | None] = (
            dict(stored_component_of) if stored_component_of else dict.fromkeys(arrived)
        )
        self._spans: dict[int, list[SystemInterval]] = {}
        self._changed_systems = {kept.mail.system_id for kept in arrived.values()}
        self._window: TimeWindow | None = None
        self._seen: LoadedRange | None = None
        self._trails: list[PilotInterval] = []
        self._components: frozenset[str] = frozenset()
        self._found: tuple[Component, ...] = ()
        self._constraints = Constraints()
        self._core: frozenset[int] = frozenset()
        self._clustered = 0
        self._hint = hint
        self._need: RequiredContext | None = None

    def next_query(self) -> NeighbourhoodQuery | None:
        """None when everything is at hand.

        Runs are closed over before anything is clustered, which costs more than a question; but a single mail is
        clustered at once, so that what it needs elsewhere is asked for in the same question.
        """
        if self._clustered == len(self._mails):
            return None  # nothing new came, so nothing more is needed than was asked for
        if len(self._arrived) >= BATCH_THRESHOLD and self._window is None:
            return self._everything_around()
        news, self._changed_systems = self._changed_systems, set[int]()
        loaded = [kept.mail for kept in self._mails.values() if kept.mail.system_id in news]
        spans = self._unasked(system_intervals(self._arrived, loaded, self._rules))
        if spans and (self._spans or len(self._mails) > 1):
            return self._asked(spans, (), frozenset(), frozenset())
        if self._window and self._seen is None and (trails := self._edges(self._window)):
            return self._asked((), trails, frozenset(), frozenset())
        need = self._needed()
        spans = self._unasked(need.spans)
        trails = self._untrailed(need.trails)
        if not self._spans and self._hint:
            spans, trails = widen_with_hint(spans, trails, self._hint)
        components = frozenset(own for one in need.core if (own := self._stored_in.get(one))) - self._components
        if spans or trails or components or need.must_link_ids:
            return self._asked(spans, trails, components, need.must_link_ids)
        return None

    def add_results(self, answer: Mapping[int, str | None], mails: Mapping[int, StoredKillmail]) -> None:
        self._stored_in |= answer
        self._mails |= mails
        self._changed_systems |= {kept.mail.system_id for kept in mails.values()}
        self._components |= {own for own in answer.values() if own is not None}

    def result(self) -> Neighbourhood:
        return Neighbourhood(self._mails, self._stored_in, self._core, self._found, self._constraints)

    def _needed(self) -> RequiredContext:
        """With what the core was stored with among the members, as often as that draws in more."""
        loaded = [kept.mail for kept in self._mails.values()]
        self._clustered = len(loaded)
        constraints = self._constraints = self._edits.constraints(self._mails.keys())
        lines = self._lines if self._spans or self._window else None  # a lone mail would make them forget its system
        self._found = cluster(loaded, self._rules, constraints, lines)
        united = self._found
        if constraints.cannot_link:
            united = cluster(loaded, self._rules, replace(constraints, cannot_link=()), lines)
        members: frozenset[int] = frozenset()
        while True:
            given = (self._arrived, loaded, self._rules, constraints, members)
            need = self._need = required_context(*given, unconstrained_components=united, seen=self._seen)
            self._core = need.core
            own = {self._stored_in[one] for one in need.core} - {None}
            filed_with = frozenset(one for one, component_id in self._stored_in.items() if component_id in own)
            if filed_with <= need.core:
                return need
            members |= filed_with

    def _asked(
        self,
        spans: tuple[SystemInterval, ...],
        trails: tuple[PilotInterval, ...],
        components: frozenset[str],
        single: frozenset[int],
    ) -> NeighbourhoodQuery:
        for span in spans:
            self._spans.setdefault(span.system_id, []).append(span)
        self._trails += trails
        self._components |= components
        return NeighbourhoodQuery(spans, trails, components, single, frozenset(self._mails))

    def hint(self) -> PrefetchHint | None:
        """What to ask for at once when the next mail comes to the same place: no more than was needed this time."""
        need = self._need
        if need is None:
            return None
        systems = {self._mails[one].mail.system_id for one in need.core}
        return PrefetchHint(tuple(span for span in need.spans if span.system_id in systems), need.trails)

    def _everything_around(self) -> NeighbourhoodQuery:
        """Many mails need most of what happened around them, so all of it is asked for at once."""
        times = [kept.mail.time for kept in self._mails.values()]
        far = max_gap_within_system(self._rules)
        self._window = TimeWindow(min(times) - far, max(times) + far)
        known = frozenset(self._mails)
        own = frozenset(own for own in self._stored_in.values() if own is not None)
        self._components |= own
        return NeighbourhoodQuery((), (), own, frozenset(), known, self._window)

    def _edges(self, window: TimeWindow) -> tuple[PilotInterval, ...]:
        """The trails of all at hand, whether they turn out to be needed or not: clustering twice costs more."""
        self._seen = LoadedRange(window, frozenset(self._mails))
        return tuple(boundary_pilot_intervals((kept.mail for kept in self._mails.values()), self._rules, window))

    def _untrailed(self, trails: Iterable[PilotInterval]) -> tuple[PilotInterval, ...]:
        fresh = (trail for trail in trails if not self._in_window(trail.start, trail.end))
        return tuple(trail for trail in fresh if not any(_within(trail, asked) for asked in self._trails))

    def _unasked(self, spans: Iterable[SystemInterval]) -> tuple[SystemInterval, ...]:
        fresh = (span for span in spans if not self._in_window(span.start, span.end))
        return tuple(
            span for span in fresh if not any(_inside(span, asked) for asked in self._spans.get(span.system_id, ()))
        )

    def _in_window(self, start: int, end: int) -> bool:
        return self._window is not None and self._window.holds(start, end)


def _inside(span: SystemInterval, other: SystemInterval) -> bool:
    return other.start <= span.start and span.end <= other.end


def _within(trail: PilotInterval, other: PilotInterval) -> bool:
    return trail.pilots <= other.pilots and other.start <= trail.start and trail.end <= other.end
