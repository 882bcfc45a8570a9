"""Who and where is free: no pilot fights in two places at once, no two large fights share a system by accident."""

from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Final

from battlescope_upstream.simulation.distributions import zipf_choice
from battlescope_upstream.simulation.population import People, Pilot, party_of
from battlescope_upstream.simulation.universe import Space, System, Universe

_MARGIN: Final = 45 * 60  # longer than any pause a battle may have, so that the known truth is beyond doubt
_MILITIA: Final = 0.22  # of fights in low security; so about 7 % of all victims fly for a militia
_DRIFTING: Final = 0.28  # of small sides; so about one victim in seven is in an NPC corporation
_LONE_FROM: Final = 0.88  # what is above fights without alliances; with the others a third of all victims have none
_LONE_UP_TO: Final = 40  # lone corporations do not muster more
_UNAFFILIATED: Final = 3  # more pilots without a player corporation do not fly together


@dataclass(slots=True)
class _BusyIntervals:
    """Busy spans by key."""

    spans: dict[int, list[tuple[int, int]]] = field(default_factory=dict[int, list[tuple[int, int]]])

    def free(self, key: int, start: int, end: int) -> bool:
        return all(end + _MARGIN < s or start - _MARGIN > e for s, e in self.spans.get(key, ()))

    def book(self, key: int, start: int, end: int) -> None:
        self.spans.setdefault(key, []).append((start, end))


class Roster:
    """Casts sides and picks systems, and remembers both."""

    def __init__(self, rng: Random, people: People, universe: Universe) -> None:
        self._rng = rng
        self._people = people
        self._pilots = _BusyIntervals()
        self._systems = _BusyIntervals()
        self._ranking: dict[Space, tuple[System, ...]] = {}
        for space in ("highsec", "lowsec", "nullsec", "wormhole", "pochven"):
            systems = universe.in_space(space)
            self._ranking[space] = tuple(rng.sample(systems, len(systems)))

    def system(self, space: Space, start: int, end: int, *, alone: bool = True) -> int:
        """A system of that space, the busy ones more often; free around the span when it must be `alone`."""
        ranking = [s.system_id for s in self._ranking[space]]
        free = [s for s in ranking if self._systems.free(s, start, end)] if alone else ranking
        chosen = zipf_choice(self._rng, free or ranking)
        self.book_system(chosen, start, end)
        return chosen

    def book_system(self, system_id: int, start: int, end: int) -> None:
        self._systems.book(system_id, start, end)

    def _available(self, pilots: Iterable[Pilot], start: int, end: int) -> list[Pilot]:
        return [p for p in pilots if p.character_id is not None and self._pilots.free(p.character_id, start, end)]

    def cast(self, parties: Sequence[Sequence[Pilot]], count: int, start: int, end: int) -> list[Pilot]:
        """So many free pilots (or as many as there are): most of the first party, the rest from those behind it."""
        wanted = max(1, round(count * self._rng.uniform(0.45, 0.9))) if len(parties) > 1 else count
        cast: list[Pilot] = []
        for party in parties:
            free = self._available(party, start, end)
            cast += self._rng.sample(free, min(len(free), wanted, count - len(cast)))
            wanted = max(1, (count - len(cast)) // 2)
            if len(cast) == count:
                break
        for pilot in cast:
            self._pilots.book(pilot.character_id or 0, start, end)
        return cast

    def opponents(self, count: int, space: Space) -> tuple[list[Sequence[Pilot]], list[Sequence[Pilot]]]:
        """Two lists of parties that have nobody in common, each long enough for a side of `count`."""
        rng, people = self._rng, self._people
        if space == "lowsec" and rng.random() < _MILITIA:
            pair = rng.choice((0, 2))
            return [people.militias[pair]], [people.militias[pair + 1]]
        lone = rng.sample(people.lone, len(people.lone))
        blocs = rng.sample(people.blocs, 2)
        sides = [self._side(count, blocs[n].parties, lone[n::2]) for n in (0, 1)]
        return sides[0], sides[1]

    def _side(
        self, count: int, bloc: Sequence[Sequence[Pilot]], lone: Sequence[Sequence[Pilot]]
    ) -> list[Sequence[Pilot]]:
        draw = self._rng.random()
        if count <= _UNAFFILIATED and draw < _DRIFTING:
            return [[pilot] for pilot in self._rng.sample(self._people.drifters, 40)]
        if draw > _LONE_FROM and count < _LONE_UP_TO:
            return list(lone)
        ranked = sorted(bloc, key=lambda party: len(party) * self._rng.random(), reverse=True)
        return [*ranked, *lone]

    def militias(self, pair: int) -> tuple[Sequence[Pilot], Sequence[Pilot]]:
        return self._people.militias[pair], self._people.militias[pair + 1]

    def crew(self, known: Container[int], count: int, start: int, end: int, *, allies: bool = True) -> list[Pilot]:
        """Free pilots of one alliance that is no friend of the `known` parties, with lone corporations as company."""
        strange = [
            party
            for bloc in self._people.blocs
            if not any(party_of(party[0]) in known for party in bloc.parties)
            for party in bloc.parties
        ]
        lone = [party for party in self._people.lone if party_of(party[0]) not in known]
        free = [party for party in strange if len(self._available(party, start, end)) >= count]
        chosen = self._rng.choice(free or [max(strange, key=lambda party: len(self._available(party, start, end)))])
        return self.cast([chosen, *(self._rng.sample(lone, len(lone)) if allies else ())], count, start, end)

    def anyone(self, at: int) -> Pilot:
        """A single free pilot of any party."""
        while True:
            party = self._rng.choice((*self._people.lone, *(p for bloc in self._people.blocs for p in bloc.parties)))
            if cast := self.cast([party], 1, at, at):
                return cast[0]

    def strangers(self, count: int, start: int, end: int) -> list[Pilot]:
        """Pilots of different parties."""
        people = self._people
        parties = [*people.lone, *([pilot] for pilot in self._rng.sample(people.drifters, 120))]
        found: list[Pilot] = []
        for party in self._rng.sample(parties, len(parties)):
            found += self.cast([party], 1, start, end) if len(found) < count else []
        return found


def sides_of(*teams: Sequence[Pilot]) -> dict[int, int]:
    """Each party's side, by the team its pilots are in."""
    return {party_of(pilot): side for side, team in enumerate(teams) for pilot in team}
