"""Simulated pilots: alliances in blocs, independent corporations, militias, unaffiliated; ids in EVE's ranges."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from random import Random
from typing import Final

from battlescope_upstream.simulation.rng import rng_for

# (faction, militia corporation): two hostile pairs, Caldari and Gallente, Amarr and Minmatar.
MILITIAS: Final = ((500_001, 1_000_180), (500_004, 1_000_181), (500_003, 1_000_179), (500_002, 1_000_182))
NPC_CORPORATIONS: Final = (
    1_000_044, 1_000_045, 1_000_115, 1_000_165, 1_000_166, 1_000_167,
    1_000_168, 1_000_169, 1_000_170, 1_000_171, 1_000_172,
)  # fmt: skip
_FIRST_PLAYER_CORPORATION: Final = 2_000_000  # smaller ids are NPC corporations, which are no party
_BLOC_COUNT: Final = 6
_ALLIANCE_SIZES: Final = (260, 220, 180, 150, 120, 100, 90, 80, 70, 60, 50, 45, 40, 35, 30, 25, 20, 20)
_INDEPENDENT_CORPORATION_COUNT: Final = 90
_UNAFFILIATED_COUNT: Final = 420


@dataclass(frozen=True, slots=True)
class Pilot:
    """A pilot, the owner of a structure, or an NPC: the last two have no character, some NPCs no corporation either."""

    character_id: int | None
    corporation_id: int | None
    alliance_id: int | None = None
    faction_id: int | None = None
    security_status: float = 0.0


def party_of(pilot: Pilot) -> int:
    """The id of the party by which sides are formed: alliance, else player corporation, else militia, else pilot."""
    if pilot.alliance_id is not None:
        return pilot.alliance_id
    if pilot.corporation_id is not None and pilot.corporation_id >= _FIRST_PLAYER_CORPORATION:
        return pilot.corporation_id
    return pilot.faction_id or pilot.character_id or 0


@dataclass(frozen=True, slots=True)
class Bloc:
    """Parties that fight on one side when they meet a common enemy."""

    parties: tuple[tuple[Pilot, ...], ...]


@dataclass(frozen=True, slots=True)
class Population:
    """All simulated pilots by kind of party; each inner tuple is one party."""

    blocs: tuple[Bloc, ...]
    independent_corporations: tuple[tuple[Pilot, ...], ...]
    militias: tuple[tuple[Pilot, ...], ...]
    unaffiliated: tuple[Pilot, ...]


class _IdAllocator:
    """Unused ids of every age: the old mixed range, the 90 millions, the newest above 2.1 billion."""

    def __init__(self, rng: Random) -> None:
        self._rng = rng
        self._used: set[int] = set()

    def _unused_id(self, low: int, high: int) -> int:
        while (candidate := self._rng.randint(low, high)) in self._used:
            pass
        self._used.add(candidate)
        return candidate

    def new_character_id(self) -> int:
        low, high = self._rng.choices(
            ((100_000_000, 2_099_999_999), (90_000_000, 97_999_999), (2_110_000_000, 2_125_000_000)), (5, 35, 60)
        )[0]
        return self._unused_id(low, high)

    def new_corporation_id(self) -> int:
        return self._unused_id(98_000_001, 98_799_999)

    def new_alliance_id(self) -> int:
        return self._unused_id(99_000_001, 99_012_999)

    def new_pilots(
        self, count: int, corporation_id: int, alliance_id: int | None = None, faction_id: int | None = None
    ) -> list[Pilot]:
        return [
            Pilot(self.new_character_id(), corporation_id, alliance_id, faction_id, self._random_security_status())
            for _ in range(count)
        ]

    def _random_security_status(self) -> float:
        return max(-10.0, min(5.0, round(self._rng.gauss(0.2, 3.2), 1)))


@lru_cache(maxsize=1)
def make_population(seed: int) -> Population:
    """Kept until another seed, because tests open simulated upstreams a hundred times in one process."""
    rng = rng_for("people", seed)
    ids = _IdAllocator(rng)
    alliances = [tuple(_alliance_pilots(rng, ids, size)) for size in _ALLIANCE_SIZES]
    return Population(
        blocs=tuple(Bloc(tuple(alliances[n::_BLOC_COUNT])) for n in range(_BLOC_COUNT)),
        independent_corporations=tuple(
            tuple(ids.new_pilots(rng.randint(5, 24), ids.new_corporation_id()))
            for _ in range(_INDEPENDENT_CORPORATION_COUNT)
        ),
        militias=tuple(
            tuple(_militia_pilots(ids, faction_id, corporation_id)) for faction_id, corporation_id in MILITIAS
        ),
        unaffiliated=tuple(_unaffiliated_pilots(rng, ids)),
    )


def _alliance_pilots(rng: Random, ids: _IdAllocator, size: int) -> Iterator[Pilot]:
    alliance_id = ids.new_alliance_id()
    while size > 0:
        count = min(size, rng.randint(8, 60))
        size -= count
        yield from ids.new_pilots(count, ids.new_corporation_id(), alliance_id)


def _militia_pilots(ids: _IdAllocator, faction_id: int, corporation_id: int) -> Iterator[Pilot]:
    for _ in range(3):
        yield from ids.new_pilots(18, ids.new_corporation_id(), None, faction_id)
    yield from ids.new_pilots(20, corporation_id, None, faction_id)


def _unaffiliated_pilots(rng: Random, ids: _IdAllocator) -> Iterator[Pilot]:
    for _ in range(_UNAFFILIATED_COUNT):
        yield from ids.new_pilots(1, rng.choice(NPC_CORPORATIONS))
