"""Picks pilots and systems: no pilot fights in two systems at once, no two large fights share a system by accident."""

from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Final

from battlescope_upstream.simulation.distributions import zipf_choice
from battlescope_upstream.simulation.population import Pilot, Population, party_of
from battlescope_upstream.simulation.universe import Space, System, Universe

_RESERVATION_MARGIN: Final = 45 * 60  # seconds; longer than any pause within a battle, so the truth is unambiguous
_MILITIA_SHARE: Final = 0.22  # of fights in low security; so about 7 % of all victims fly for a militia
_UNAFFILIATED_SHARE: Final = 0.28  # of small sides; so about one victim in seven is in an NPC corporation
_INDEPENDENT_THRESHOLD: Final = 0.88  # draws above it give sides without alliances; so a third of victims has none
_MAX_INDEPENDENT_SIDE: Final = 40  # independent corporations do not field more pilots
_MAX_UNAFFILIATED_SIDE: Final = 3  # pilots without a player corporation fly in groups of at most this size


@dataclass(slots=True)
class _BusyIntervals:
    """Reserved time intervals by pilot or system, in seconds."""

    intervals: dict[int, list[tuple[int, int]]] = field(default_factory=dict[int, list[tuple[int, int]]])

    def is_free(self, key: int, start: int, end: int) -> bool:
        return all(
            end + _RESERVATION_MARGIN < busy_start or start - _RESERVATION_MARGIN > busy_end
            for busy_start, busy_end in self.intervals.get(key, ())
        )

    def reserve(self, key: int, start: int, end: int) -> None:
        self.intervals.setdefault(key, []).append((start, end))


class Roster:
    """Picks pilots and systems for scenes and reserves them for the time of the scene."""

    def __init__(self, rng: Random, population: Population, universe: Universe) -> None:
        self._rng = rng
        self._population = population
        self._pilot_intervals = _BusyIntervals()
        self._system_intervals = _BusyIntervals()
        self._systems_by_popularity: dict[Space, tuple[System, ...]] = {}
        for space in ("highsec", "lowsec", "nullsec", "wormhole", "pochven"):
            systems = universe.in_space(space)
            self._systems_by_popularity[space] = tuple(rng.sample(systems, len(systems)))

    def pick_system(self, space: Space, start: int, end: int, *, alone: bool = True) -> int:
        """A system of that space, popular ones more often; with `alone` one without another fight at that time."""
        system_ids = [s.system_id for s in self._systems_by_popularity[space]]
        free_ids = [s for s in system_ids if self._system_intervals.is_free(s, start, end)] if alone else system_ids
        system_id = zipf_choice(self._rng, free_ids or system_ids)
        self.reserve_system(system_id, start, end)
        return system_id

    def reserve_system(self, system_id: int, start: int, end: int) -> None:
        self._system_intervals.reserve(system_id, start, end)

    def _free_pilots(self, pilots: Iterable[Pilot], start: int, end: int) -> list[Pilot]:
        is_free = self._pilot_intervals.is_free
        return [p for p in pilots if p.character_id is not None and is_free(p.character_id, start, end)]

    def assign_pilots(self, parties: Sequence[Sequence[Pilot]], count: int, start: int, end: int) -> list[Pilot]:
        """Reserve at most `count` free pilots: most of them from the first party, the remaining from the next ones."""
        party_limit = max(1, round(count * self._rng.uniform(0.45, 0.9))) if len(parties) > 1 else count
        assigned: list[Pilot] = []
        for party in parties:
            free_pilots = self._free_pilots(party, start, end)
            assigned += self._rng.sample(free_pilots, min(len(free_pilots), party_limit, count - len(assigned)))
            party_limit = max(1, (count - len(assigned)) // 2)
            if len(assigned) == count:
                break
        for pilot in assigned:
            self._pilot_intervals.reserve(pilot.character_id or 0, start, end)
        return assigned

    def pick_opposing_parties(self, count: int, space: Space) -> tuple[list[Sequence[Pilot]], list[Sequence[Pilot]]]:
        """Two lists of parties without a common party, each large enough for a side of `count` pilots."""
        rng, population = self._rng, self._population
        if space == "lowsec" and rng.random() < _MILITIA_SHARE:
            pair = rng.choice((0, 2))
            return [population.militias[pair]], [population.militias[pair + 1]]
        corporations = rng.sample(population.independent_corporations, len(population.independent_corporations))
        blocs = rng.sample(population.blocs, 2)
        sides = [self._parties_of_side(count, blocs[n].parties, corporations[n::2]) for n in (0, 1)]
        return sides[0], sides[1]

    def _parties_of_side(
        self, count: int, bloc: Sequence[Sequence[Pilot]], corporations: Sequence[Sequence[Pilot]]
    ) -> list[Sequence[Pilot]]:
        draw = self._rng.random()
        if count <= _MAX_UNAFFILIATED_SIDE and draw < _UNAFFILIATED_SHARE:
            return [[pilot] for pilot in self._rng.sample(self._population.unaffiliated, 40)]
        if draw > _INDEPENDENT_THRESHOLD and count < _MAX_INDEPENDENT_SIDE:
            return list(corporations)
        ranked = sorted(bloc, key=lambda party: len(party) * self._rng.random(), reverse=True)
        return [*ranked, *corporations]

    def opposing_militias(self, pair: int) -> tuple[Sequence[Pilot], Sequence[Pilot]]:
        return self._population.militias[pair], self._population.militias[pair + 1]

    def pick_crew(
        self, excluded_parties: Container[int], count: int, start: int, end: int, *, allies: bool = True
    ) -> list[Pilot]:
        """Free pilots of one alliance outside the blocs of the excluded parties, and of independent corporations."""
        population = self._population
        alliances = [
            party
            for bloc in population.blocs
            if not any(party_of(party[0]) in excluded_parties for party in bloc.parties)
            for party in bloc.parties
        ]
        corporations = [p for p in population.independent_corporations if party_of(p[0]) not in excluded_parties]

        def free_count(party: Sequence[Pilot]) -> int:
            return len(self._free_pilots(party, start, end))

        large_enough = [alliance for alliance in alliances if free_count(alliance) >= count]
        alliance = self._rng.choice(large_enough or [max(alliances, key=free_count)])
        company = self._rng.sample(corporations, len(corporations)) if allies else ()
        return self.assign_pilots([alliance, *company], count, start, end)

    def pick_pilot(self, second: int) -> Pilot:
        """A single free pilot of any party."""
        alliances = (party for bloc in self._population.blocs for party in bloc.parties)
        parties = (*self._population.independent_corporations, *alliances)
        while True:
            party = self._rng.choice(parties)
            if pilots := self.assign_pilots([party], 1, second, second):
                return pilots[0]

    def pick_unrelated_pilots(self, count: int, start: int, end: int) -> list[Pilot]:
        """At most `count` free pilots, each of another party."""
        population = self._population
        unaffiliated = self._rng.sample(population.unaffiliated, 120)
        parties = [*population.independent_corporations, *([pilot] for pilot in unaffiliated)]
        pilots: list[Pilot] = []
        for party in self._rng.sample(parties, len(parties)):
            pilots += self.assign_pilots([party], 1, start, end) if len(pilots) < count else []
        return pilots


def sides_of(*teams: Sequence[Pilot]) -> dict[int, int]:
    """Side by party: the index of the team that the party's pilots are in."""
    return {party_of(pilot): side for side, team in enumerate(teams) for pilot in team}
