"""Asks for the mails around a new one until all are at hand that its battles can depend on; see `locality.py`."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from battle_cluster.battles import Kept
from battle_cluster.clustering import Component, Lines, cluster
from battle_cluster.locality import Span, Trail, Wanted, runs, wanted
from battle_cluster.rules import Rules


@dataclass(frozen=True, slots=True)
class Question:
    """Which mails to find: those of spans, of trails and of stored components. `known` ones need not be told again."""

    spans: tuple[Span, ...]
    trails: tuple[Trail, ...]
    components: frozenset[str]
    known: frozenset[int]


@dataclass(frozen=True, slots=True)
class Neighbourhood:
    """Everything at hand, the component each mail is stored with, and the components they form now.

    Only those of `core` may be filed anew; the others surround them, and may lack a part.
    """

    mails: Mapping[int, Kept]
    stored_in: Mapping[int, str | None]
    core: frozenset[int]
    found: tuple[Component, ...]


class Gathering:
    """`question` what is still needed, `learn` the answer, until there is no question left."""

    def __init__(self, arrived: Kept, rules: Rules, lines: Lines) -> None:
        self._arrived = (arrived.mail.killmail_id,)
        self._rules = rules
        self._lines = lines
        self._mails = dict.fromkeys(self._arrived, arrived)
        self._stored_in: dict[int, str | None] = dict.fromkeys(self._arrived)
        self._spans: list[Span] = []
        self._trails: list[Trail] = []
        self._components: frozenset[str] = frozenset()
        self._found: tuple[Component, ...] = ()
        self._core: frozenset[int] = frozenset()

    def question(self) -> Question | None:
        """None when everything is at hand. Runs are closed over before anything is clustered, which costs more."""
        loaded = [kept.mail for kept in self._mails.values()]
        spans = self._unasked(runs(self._arrived, loaded, self._rules))
        if spans and self._spans:
            return self._asked(spans, (), frozenset())
        need = self._needed()
        components = frozenset(own for one in need.core if (own := self._stored_in[one]))
        trails = tuple(trail for trail in need.trails if not any(_within(trail, asked) for asked in self._trails))
        if spans or trails or components > self._components:
            return self._asked(spans, trails, components - self._components)
        return None

    def learn(self, answer: Mapping[int, str | None], mails: Mapping[int, Kept]) -> None:
        self._stored_in |= answer
        self._mails |= mails

    def result(self) -> Neighbourhood:
        return Neighbourhood(self._mails, self._stored_in, self._core, self._found)

    def _needed(self) -> Wanted:
        """With what the core was stored with among the members, as often as that draws in more."""
        loaded = [kept.mail for kept in self._mails.values()]
        self._found = cluster(loaded, self._rules, lines=self._lines)
        members: frozenset[int] = frozenset()
        while True:
            need = wanted(self._arrived, loaded, self._rules, members=members, united=self._found)
            self._core = need.core
            own = {self._stored_in[one] for one in need.core} - {None}
            filed_with = frozenset(one for one, component_id in self._stored_in.items() if component_id in own)
            if filed_with <= need.core:
                return need
            members |= filed_with

    def _asked(self, spans: tuple[Span, ...], trails: tuple[Trail, ...], components: frozenset[str]) -> Question:
        self._spans += spans
        self._trails += trails
        self._components |= components
        return Question(spans, trails, components, frozenset(self._mails))

    def _unasked(self, spans: Iterable[Span]) -> tuple[Span, ...]:
        return tuple(span for span in spans if not any(_inside(span, asked) for asked in self._spans))


def _inside(span: Span, other: Span) -> bool:
    return span.system_id == other.system_id and other.start <= span.start and span.end <= other.end


def _within(trail: Trail, other: Trail) -> bool:
    return trail.pilots <= other.pilots and other.start <= trail.start and trail.end <= other.end
