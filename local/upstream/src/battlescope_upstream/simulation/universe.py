"""A small simulated universe: 150 systems of all five security types, symmetric gates, ids in EVE's ranges."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from random import Random
from typing import Final, Literal

from battlescope_upstream.simulation.name_generator import location_name
from battlescope_upstream.simulation.rng import rng_for

Space = Literal["highsec", "lowsec", "nullsec", "wormhole", "pochven"]

WORMHOLE_IDS: Final = range(31_000_000, 32_000_000)
POCHVEN_REGION: Final = 10_000_070
# Twelve of the 27 real Pochven systems. No id range covers them, so consumers must use the region or a list.
_POCHVEN: Final = (
    30_000_021, 30_000_157, 30_000_192, 30_000_206, 30_001_372, 30_001_381,
    30_002_079, 30_002_225, 30_003_046, 30_005_005, 30_031_392, 30_045_329,
)  # fmt: skip
# (space, region, constellations, systems per constellation); 10000801… and 30009001… are not real ids.
_LAYOUT: Final[tuple[tuple[Space, int, int, int], ...]] = (
    ("highsec", 10_000_801, 3, 7),
    ("highsec", 10_000_802, 3, 7),
    ("lowsec", 10_000_803, 2, 8),
    ("lowsec", 10_000_804, 2, 8),
    ("nullsec", 10_000_805, 2, 8),
    ("nullsec", 10_000_806, 2, 7),
    ("nullsec", 10_000_807, 1, 10),
    ("pochven", POCHVEN_REGION, 3, 4),
    ("wormhole", 11_000_801, 2, 12),
)
_FIRST_CONSTELLATION: Final = 20_000_000
_LETTERS: Final = "BCDFGHJKLMNPQRSTVWXYZ0123456789"


@dataclass(frozen=True, slots=True)
class Area:
    """A region or constellation; `parent_id` is the constellation's region."""

    area_id: int
    name: str
    parent_id: int = 0


@dataclass(frozen=True, slots=True)
class System:
    system_id: int
    name: str
    security: float
    space: Space
    constellation_id: int
    region_id: int
    position: tuple[float, float, float]
    wormhole_class: int | None = None


@dataclass(frozen=True, slots=True)
class Gate:
    gate_id: int
    system_id: int
    to_system_id: int
    to_gate_id: int


@dataclass(frozen=True, slots=True)
class Universe:
    regions: tuple[Area, ...]
    constellations: tuple[Area, ...]
    systems: tuple[System, ...]
    gates: tuple[Gate, ...]

    def in_space(self, *spaces: Space) -> tuple[System, ...]:
        return tuple(system for system in self.systems if system.space in spaces)

    def neighbours(self) -> Mapping[int, tuple[int, ...]]:
        return {
            s.system_id: tuple(g.to_system_id for g in self.gates if g.system_id == s.system_id) for s in self.systems
        }


def make_universe(seed: int) -> Universe:
    rng = rng_for("universe", seed)
    systems = tuple(_systems(rng))
    constellations = {system.constellation_id: system for system in systems}
    return Universe(
        regions=tuple(Area(region, _region_name(space, region)) for space, region, _, _ in _LAYOUT),
        constellations=tuple(Area(key, _region_name(s.space, key), s.region_id) for key, s in constellations.items()),
        systems=systems,
        gates=tuple(_gates(_gate_pairs(rng, systems))),
    )


def with_systems(universe: Universe, system_ids: Iterable[int]) -> Universe:
    """The universe with an invented system for each id that it lacks, without gates, in a constellation of its kind.

    Killmails of files happened in systems that the simulated universe does not have.
    """
    existing = {system.system_id for system in universe.systems}
    missing = [_invented_system(system_id) for system_id in sorted(set(system_ids) - existing)]
    areas = {system.constellation_id: system for system in missing}
    regions = {area.region_id: area for area in areas.values()}
    return replace(
        universe,
        regions=(*universe.regions, *(Area(key, f"Invented-{key}") for key in regions)),
        constellations=(
            *universe.constellations,
            *(Area(key, f"Invented-{key}", area.region_id) for key, area in areas.items()),
        ),
        systems=(*universe.systems, *missing),
    )


def _invented_system(system_id: int) -> System:
    """A wormhole or a null-sec system by its id range; which security it has in the game is unknown."""
    if system_id in WORMHOLE_IDS:
        return System(system_id, f"Invented-{system_id}", -0.99, "wormhole", 21_000_999, 11_000_999, (0.0, 0.0, 0.0), 1)
    position = (float(system_id % 100_000) * 1e16, 0.0, 0.0)  # far from each other
    return System(system_id, f"Invented-{system_id}", -0.5, "nullsec", 20_000_999, 10_000_999, position)


def _region_name(space: Space, area_id: int) -> str:
    if space == "wormhole":
        letter = "R" if area_id < _FIRST_CONSTELLATION else "C"
        return f"C-{letter}{area_id % 100_000:05d}"
    return "Pochven" if area_id == POCHVEN_REGION else location_name(area_id)


def _systems(rng: Random) -> Iterator[System]:
    next_system_id, next_wormhole_id, pochven_ids = 30_009_001, 31_009_001, iter(_POCHVEN)
    constellation = 800
    for space, region, constellations, size in _LAYOUT:
        for _ in range(constellations):
            constellation += 1
            for _ in range(size):
                special_ids = {
                    "wormhole": next_wormhole_id,
                    "pochven": next(pochven_ids, 0) if space == "pochven" else 0,
                }
                system_id = special_ids.get(space, next_system_id)
                next_system_id, next_wormhole_id = next_system_id + 1, next_wormhole_id + 1
                yield _system(rng, space, system_id, _constellation_id(space, constellation), region)


def _constellation_id(space: Space, number: int) -> int:
    """Pochven's three are the real ones, 20000787 to 20000789; in `_LAYOUT` fifteen others precede them."""
    if space == "pochven":
        return 20_000_787 + (number - 816)
    return (21_000_000 if space == "wormhole" else 20_000_000) + 100 + number


def _system(rng: Random, space: Space, system_id: int, constellation: int, region: int) -> System:
    x, y, z = (rng.uniform(-4e17, 4e17) for _ in range(3))
    return System(
        system_id,
        _system_name(rng, space, system_id),
        _security(rng, space, system_id),
        space,
        constellation,
        region,
        (x, y, z),
        {"wormhole": rng.randint(1, 6), "pochven": 25}.get(space),
    )


def _system_name(rng: Random, space: Space, system_id: int) -> str:
    if space == "wormhole":
        return f"J{100_000 + system_id * 7919 % 900_000}"
    if space == "nullsec":
        return "".join(rng.choices(_LETTERS, k=3)) + "-" + "".join(rng.choices(_LETTERS, k=2)) + str(system_id % 10)
    return location_name(system_id)


def _security(rng: Random, space: Space, system_id: int) -> float:
    """Each band has one system at its edge, where rounding matters: 0.45 shows as 0.5, 0.03 as 0.1."""
    bands = {"highsec": (0.45, 0.94), "lowsec": (0.06, 0.449), "nullsec": (-0.99, -0.01)}
    if space not in bands:
        return -1.0 if space == "pochven" else -0.99
    edges = {30_009_001: 0.4512, 30_009_043: 0.03, 30_009_075: 0.0}
    return edges.get(system_id, round(rng.uniform(*bands[space]), 6))


def _gate_pairs(rng: Random, systems: Sequence[System]) -> list[tuple[int, int]]:
    """A ring and a chord inside each constellation and one gate to the next; none to Pochven and wormholes."""
    pairs: list[tuple[int, int]] = []
    groups: dict[int, list[System]] = {}
    for system in systems:
        if system.space != "wormhole":
            groups.setdefault(system.constellation_id, []).append(system)
    for group in groups.values():
        ids = [system.system_id for system in group]
        pairs += [*pairwise(ids), (ids[-1], ids[0]), (ids[0], ids[len(ids) // 2])]
    for left, right in pairwise(groups.values()):
        if (left[0].space == "pochven") == (right[0].space == "pochven"):
            pairs.append((rng.choice(left).system_id, rng.choice(right).system_id))
    return sorted({(min(pair), max(pair)) for pair in pairs})


def _gates(pairs: Sequence[tuple[int, int]]) -> Iterator[Gate]:
    for number, (left, right) in enumerate(pairs):
        gate_id, opposite_id = 50_090_001 + 2 * number, 50_090_002 + 2 * number
        yield Gate(gate_id, left, right, opposite_id)
        yield Gate(opposite_id, right, left, gate_id)
