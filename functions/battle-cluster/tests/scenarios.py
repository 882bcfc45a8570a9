"""Named scenes: one for each way in which detection or sides are known to go wrong."""

from collections.abc import Callable, Sequence
from random import Random

from simulator import Dials, Place, Scene, fight, noise, rhythm

SYSTEMS = range(30_000_001, 30_000_025)
Detection = Callable[[Scene], None]


def small_gang(scene: Scene) -> None:
    for n in range(20):
        sides = [scene.fleet(scene.rng.randint(4, 8)), scene.fleet(scene.rng.randint(5, 12), 2)]
        mails = scene.rng.randint(6, 12)
        fight(scene, Place(n, SYSTEMS[n], scene.rng.uniform(0, 18_000)), rhythm(scene.rng, mails, mails * 0.8), sides)


def reship_lull(scene: Scene) -> None:
    for n in range(6):
        sides = [scene.fleet(30, 3), scene.fleet(25, 3)]
        start, pause = scene.rng.uniform(0, 9000), scene.rng.uniform(15, 25) * 60
        dials = Dials(reships=0.8)
        first = rhythm(scene.rng, 25, 12)
        fight(scene, Place(n, SYSTEMS[n], start), first, sides, dials)
        fight(scene, Place(n, SYSTEMS[n], start + first[-1] + pause), rhythm(scene.rng, 25, 12), sides, dials)


def chase(scene: Scene) -> None:
    for n in range(5):
        route = SYSTEMS[3 * n : 3 * n + 3]
        scene.near |= {system: frozenset(route) - {system} for system in route}
        sides = [scene.fleet(12, 2), scene.fleet(14, 2)]
        start = scene.rng.uniform(0, 15_000)
        for system in route:
            times = rhythm(scene.rng, 8, 7)
            fight(scene, Place(n, system, start), times, sides, Dials(reships=0.9))
            start += times[-1] + scene.rng.uniform(90, 240)


def back_to_back(scene: Scene) -> None:
    """The same two alliances, other pilots."""
    for n in range(10):
        ours, theirs = scene.fleet(20), scene.fleet(24)
        start = scene.rng.uniform(0, 15_000)
        for half, (a, b) in enumerate(((ours[:10], theirs[:12]), (ours[10:], theirs[12:]))):
            times = rhythm(scene.rng, 12, 9)
            fight(scene, Place(2 * n + half, SYSTEMS[n], start), times, [a, b])
            start += times[-1] + scene.rng.uniform(7, 14) * 60


def siege(scene: Scene) -> None:
    for n in range(6):
        sides = [scene.fleet(10, 2), scene.fleet(14, 2)]
        times = [at * 180 + scene.rng.uniform(-60, 60) + 60 for at in range(30)]
        fight(scene, Place(n, SYSTEMS[n], scene.rng.uniform(0, 9000)), times, sides, Dials(reships=0.85))


def roam(scene: Scene) -> None:
    """One gang, three enemies in three systems, minutes apart: three battles."""
    for n in range(6):
        route = SYSTEMS[3 * n : 3 * n + 3]
        scene.near |= {system: frozenset(route) - {system} for system in route}
        gang, start = scene.fleet(9, 2), scene.rng.uniform(0, 12_000)
        for stop, system in enumerate(route):
            times = rhythm(scene.rng, 7, 6)
            fight(scene, Place(3 * n + stop, system, start), times, [gang, scene.fleet(8, 2)], Dials(reships=0.9))
            start += times[-1] + scene.rng.uniform(4, 10) * 60


def strangers(scene: Scene) -> None:
    """Two unrelated fights in one system at the same time."""
    for n in range(8):
        start = scene.rng.uniform(0, 15_000)
        for half in range(2):
            sides = [scene.fleet(8, 2), scene.fleet(9, 2)]
            fight(scene, Place(2 * n + half, SYSTEMS[n], start + half * 90), rhythm(scene.rng, 10, 9), sides)


def scout(scene: Scene) -> None:
    """Two unrelated fights in one system, one pilot on both."""
    for n in range(8):
        start, shared = scene.rng.uniform(0, 15_000), scene.fleet(1)
        for half in range(2):
            sides = [[*scene.fleet(8, 2), *shared], scene.fleet(9, 2)]
            fight(scene, Place(2 * n + half, SYSTEMS[n], start + half * 800), rhythm(scene.rng, 10, 9), sides)


def big_fleets(scene: Scene) -> None:
    for n in range(2):
        sides = [scene.fleet(120, 8), scene.fleet(110, 8)]
        times = rhythm(scene.rng, 150, 40)
        dials = Dials(friendly_fire=0.05, reships=0.5, attackers=(2.5, 1.0))
        fight(scene, Place(n, SYSTEMS[n], 5000.0 * n), times, sides, dials)


DETECTION: tuple[Detection, ...] = (
    small_gang, reship_lull, chase, back_to_back, siege, roam, strangers, scout, big_fleets,
)  # fmt: skip


def detection_scene(build: Detection, seed: int) -> Scene:
    scene = Scene(Random(seed))
    build(scene)
    noise(scene, SYSTEMS, 6, 60)
    return scene


def _one_fight(
    sizes: Sequence[tuple[int, int]], mails: int, dials: Dials, *, alliances: bool = True
) -> Callable[[Scene], None]:
    def build(scene: Scene) -> None:
        sides = [scene.fleet(size, parties, alliances=alliances) for size, parties in sizes]
        fight(scene, Place(0, SYSTEMS[0], 0), rhythm(scene.rng, mails, 25), sides, dials)

    return build


def _duels(scene: Scene) -> None:
    sides = [scene.fleet(6) for _ in range(4)]
    enemies = {0: (1,), 1: (0,), 2: (3,), 3: (2,)}
    fight(scene, Place(0, SYSTEMS[0], 0), rhythm(scene.rng, 24, 12), sides, Dials(enemies=enemies, reships=0.6))


_FLEET = (2.5, 1.0)
_STEALERS = Dials(attackers=_FLEET, joins=0.25, quiet=frozenset({2}))
SIDES: dict[str, Callable[[Scene], None]] = {
    "gang 10 v 8": _one_fight([(10, 1), (8, 1)], 10, Dials()),
    "fleet 100 v 80": _one_fight([(100, 5), (80, 4)], 60, Dials(attackers=_FLEET)),
    "big 400 v 350": _one_fight([(400, 12), (350, 10)], 250, Dials(attackers=(3.2, 1.0))),
    "friendly fire 10 %": _one_fight([(60, 4), (50, 4)], 60, Dials(friendly_fire=0.1, attackers=_FLEET)),
    "friendly fire 40 %": _one_fight([(60, 4), (50, 4)], 60, Dials(friendly_fire=0.4, attackers=_FLEET)),
    "friendly fire 70 %": _one_fight([(60, 4), (50, 4)], 60, Dials(friendly_fire=0.7, attackers=_FLEET)),
    "third party of 20": _one_fight([(60, 4), (50, 4), (20, 1)], 70, Dials(attackers=_FLEET, joins=0.15)),
    "third party of 40": _one_fight([(60, 4), (50, 4), (40, 2)], 80, Dials(attackers=_FLEET, joins=0.15)),
    "kill-stealers": _one_fight([(60, 4), (50, 4), (8, 1)], 60, _STEALERS),
    "an ally that only shoots B": _one_fight(
        [(50, 3), (50, 3), (15, 1)], 60,
        Dials(attackers=_FLEET, joins=0.3, quiet=frozenset({2}), enemies={0: (1,), 1: (0, 2), 2: (1,)}),
    ),
    "stomp": _one_fight([(40, 3), (30, 6)], 30, Dials(stomped=frozenset({1}), attackers=_FLEET)),
    "no alliances 60 v 50": _one_fight([(60, 25), (50, 20)], 60, Dials(attackers=_FLEET), alliances=False),
    "three-way 60/50/40": _one_fight([(60, 3), (50, 3), (40, 3)], 90, Dials(attackers=_FLEET, joins=0.1)),
    "disjoint duels": _duels,
}  # fmt: skip


def sides_scene(name: str, seed: int) -> Scene:
    scene = Scene(Random(seed))
    SIDES[name](scene)
    if name == "an ally that only shoots B":
        truth = scene.side[0]
        scene.side[0] = {party: 0 if side == 2 else side for party, side in truth.items()}
    return scene
