"""Who flies: alliances in blocs, lone corporations, militias and the unaffiliated, with ids in EVE's ranges."""

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import Final

from battlescope_upstream.simulation.rng import seeded

# (faction, militia corporation): two opposed pairs, Caldari and Gallente, Amarr and Minmatar.
MILITIAS: Final = ((500_001, 1_000_180), (500_004, 1_000_181), (500_003, 1_000_179), (500_002, 1_000_182))
NPC_CORPORATIONS: Final = (
    1_000_044, 1_000_045, 1_000_115, 1_000_165, 1_000_166, 1_000_167,
    1_000_168, 1_000_169, 1_000_170, 1_000_171, 1_000_172,
)  # fmt: skip
_FIRST_PLAYER_CORPORATION: Final = 2_000_000  # below lie the corporations of NPCs, which are no party
_BLOCS: Final = 6
_ALLIANCE_SIZES: Final = (260, 220, 180, 150, 120, 100, 90, 80, 70, 60, 50, 45, 40, 35, 30, 25, 20, 20)
_LONE_CORPORATIONS: Final = 90
_DRIFTERS: Final = 420


@dataclass(frozen=True, slots=True)
class Pilot:
    """Who flies or owns: structures and NPCs have no character, some NPCs no corporation either."""

    character_id: int | None
    corporation_id: int | None
    alliance_id: int | None = None
    faction_id: int | None = None
    security_status: float = 0.0


def party_of(pilot: Pilot) -> int:
    """Alliance, else player corporation, else militia, else the pilot: the parties that sides are made of."""
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
class People:
    blocs: tuple[Bloc, ...]
    lone: tuple[tuple[Pilot, ...], ...]
    militias: tuple[tuple[Pilot, ...], ...]
    drifters: tuple[Pilot, ...]


class _Registry:
    """Hands out ids of every age: old mixed ones, the 90 millions, the newest above 2.1 billion."""

    def __init__(self, rng: Random) -> None:
        self._rng = rng
        self._used: set[int] = set()

    def _fresh(self, low: int, high: int) -> int:
        while (found := self._rng.randint(low, high)) in self._used:
            pass
        self._used.add(found)
        return found

    def character(self) -> int:
        low, high = self._rng.choices(
            ((100_000_000, 2_099_999_999), (90_000_000, 97_999_999), (2_110_000_000, 2_125_000_000)), (5, 35, 60)
        )[0]
        return self._fresh(low, high)

    def corporation(self) -> int:
        return self._fresh(98_000_001, 98_799_999)

    def alliance(self) -> int:
        return self._fresh(99_000_001, 99_012_999)

    def pilots(
        self, count: int, corporation: int, alliance: int | None = None, faction: int | None = None
    ) -> list[Pilot]:
        return [Pilot(self.character(), corporation, alliance, faction, self._security()) for _ in range(count)]

    def _security(self) -> float:
        return max(-10.0, min(5.0, round(self._rng.gauss(0.2, 3.2), 1)))


def make_people(seed: int) -> People:
    rng = seeded("people", seed)
    registry = _Registry(rng)
    alliances = [tuple(_alliance(rng, registry, size)) for size in _ALLIANCE_SIZES]
    return People(
        blocs=tuple(Bloc(tuple(alliances[n::_BLOCS])) for n in range(_BLOCS)),
        lone=tuple(
            tuple(registry.pilots(rng.randint(5, 24), registry.corporation())) for _ in range(_LONE_CORPORATIONS)
        ),
        militias=tuple(tuple(_militia(registry, faction, corporation)) for faction, corporation in MILITIAS),
        drifters=tuple(_drifters(rng, registry)),
    )


def _alliance(rng: Random, registry: _Registry, size: int) -> Iterator[Pilot]:
    alliance = registry.alliance()
    while size > 0:
        count = min(size, rng.randint(8, 60))
        size -= count
        yield from registry.pilots(count, registry.corporation(), alliance)


def _militia(registry: _Registry, faction: int, corporation: int) -> Iterator[Pilot]:
    for _ in range(3):
        yield from registry.pilots(18, registry.corporation(), None, faction)
    yield from registry.pilots(20, corporation, None, faction)


def _drifters(rng: Random, registry: _Registry) -> Iterator[Pilot]:
    for _ in range(_DRIFTERS):
        yield from registry.pilots(1, rng.choice(NPC_CORPORATIONS))
