"""Scenes with known battles: one for each known failure of detection, and one with the distributions of real days."""

from collections.abc import Callable
from random import Random

from adversarial import eject, gank, noise
from layouts import draw_parties, draw_sides, draw_size, draw_times, draw_times_of_length, shape_of
from simulator import FightLocation, FightSettings, Scene, fight

SYSTEMS = range(30_000_001, 30_000_025)
WORMHOLES = range(31_000_001, 31_000_025)
MINUTE = 60
Detection = Callable[[Scene], None]


def small_gang(scene: Scene) -> None:
    """Too small for any density threshold."""
    for n in range(20):
        sides = [scene.fleet(scene.rng.randint(4, 8)), scene.fleet(scene.rng.randint(5, 12), 2)]
        kills = scene.rng.randint(6, 12)
        fight(
            scene,
            FightLocation(n, SYSTEMS[n], scene.rng.uniform(0, 18_000)),
            draw_times_of_length(scene.rng, kills, kills * 0.8),
            sides,
        )


def reship_lull(scene: Scene) -> None:
    for n in range(6):
        sides = [scene.fleet(30, 3), scene.fleet(25, 3)]
        start, pause = scene.rng.uniform(0, 9000), scene.rng.uniform(15, 25) * MINUTE
        settings = FightSettings(reships=0.8)
        first = draw_times_of_length(scene.rng, 25, 12)
        fight(scene, FightLocation(n, SYSTEMS[n], start), first, sides, settings)
        fight(
            scene,
            FightLocation(n, SYSTEMS[n], start + first[-1] + pause),
            draw_times_of_length(scene.rng, 25, 12),
            sides,
            settings,
        )


def chase(scene: Scene) -> None:
    _chases(scene, SYSTEMS)


def chase_through_holes(scene: Scene) -> None:
    """There is no gate route, but nearly all pilots follow."""
    _chases(scene, WORMHOLES, borders=False)


def _chases(scene: Scene, systems: range, *, borders: bool = True) -> None:
    for n in range(5):
        route = systems[3 * n : 3 * n + 3]
        if borders:
            scene.connect(route)
        sides = [scene.fleet(12, 2), scene.fleet(14, 2)]
        start = scene.rng.uniform(0, 15_000)
        for system in route:
            times = draw_times_of_length(scene.rng, 10, 8)
            fight(scene, FightLocation(n, system, start), times, sides, FightSettings(reships=0.9, attendance=0.4))
            start += times[-1] + scene.rng.uniform(90, 240)


def back_to_back(scene: Scene) -> None:
    """The same two alliances, other pilots."""
    for n in range(10):
        first, second = scene.fleet(20), scene.fleet(24)
        start = scene.rng.uniform(0, 15_000)
        for half, (a, b) in enumerate(((first[:10], second[:12]), (first[10:], second[12:]))):
            times = draw_times_of_length(scene.rng, 12, 9)
            fight(scene, FightLocation(2 * n + half, SYSTEMS[n], start), times, [a, b])
            start += times[-1] + scene.rng.uniform(7, 14) * MINUTE


def unrelated_back_to_back(scene: Scene) -> None:
    """Strangers start where others have just ended: three fights in a row, a minute or two apart."""
    for n in range(8):
        start = scene.rng.uniform(0, 12_000)
        for turn in range(3):
            times = draw_times_of_length(scene.rng, 10, 8)
            fight(scene, FightLocation(3 * n + turn, SYSTEMS[n], start), times, [scene.fleet(8, 2), scene.fleet(9, 2)])
            start += times[-1] + scene.rng.uniform(60, 150)


def hours_later(scene: Scene) -> None:
    """The same pilots in the same system again, an hour and more later: p25/50 of re-engagements are 39/118 min."""
    for n in range(8):
        sides = [scene.fleet(15, 2), scene.fleet(14, 2)]
        start = scene.rng.uniform(0, 3000)
        for turn in range(3):
            times = draw_times_of_length(scene.rng, 12, 10)
            fight(scene, FightLocation(3 * n + turn, SYSTEMS[n], start), times, sides, FightSettings(reships=0.9))
            start += times[-1] + scene.rng.uniform(39, 118) * MINUTE


def over_the_hour(scene: Scene) -> None:
    """Long fights that begin just before the full hour: neither the hour nor half an hour cuts them."""
    for n in range(6):
        sides = [scene.fleet(25, 3), scene.fleet(22, 3)]
        start = scene.rng.randint(0, 3) * 3600 + scene.rng.uniform(45, 58) * MINUTE
        fight(
            scene,
            FightLocation(n, SYSTEMS[n], start),
            draw_times_of_length(scene.rng, 50, 75),
            sides,
            FightSettings(reships=0.6),
        )


def siege(scene: Scene) -> None:
    for n in range(6):
        sides = [scene.fleet(10, 2), scene.fleet(14, 2)]
        times = [number * 180 + scene.rng.uniform(-60, 60) + 60 for number in range(30)]
        fight(
            scene, FightLocation(n, SYSTEMS[n], scene.rng.uniform(0, 9000)), times, sides, FightSettings(reships=0.85)
        )


def roam(scene: Scene) -> None:
    """One gang, three enemies in three systems, minutes apart: three battles."""
    for n in range(6):
        route = SYSTEMS[3 * n : 3 * n + 3]
        scene.connect(route)
        gang, start = scene.fleet(9, 2), scene.rng.uniform(0, 12_000)
        for stop, system in enumerate(route):
            times = draw_times_of_length(scene.rng, 7, 6)
            fight(
                scene,
                FightLocation(3 * n + stop, system, start),
                times,
                [gang, scene.fleet(8, 2)],
                FightSettings(reships=0.9),
            )
            start += times[-1] + scene.rng.uniform(4, 10) * MINUTE


def strangers(scene: Scene) -> None:
    """Two unrelated fights in one system at the same time."""
    for n in range(8):
        start = scene.rng.uniform(0, 15_000)
        for half in range(2):
            sides = [scene.fleet(8, 2), scene.fleet(9, 2)]
            fight(
                scene,
                FightLocation(2 * n + half, SYSTEMS[n], start + half * 90),
                draw_times_of_length(scene.rng, 10, 9),
                sides,
            )


def scout(scene: Scene) -> None:
    """Two unrelated fights in one system, one pilot on both."""
    for n in range(8):
        start, shared = scene.rng.uniform(0, 15_000), scene.fleet(1)
        for half in range(2):
            sides = [[*scene.fleet(8, 2), *shared], scene.fleet(9, 2)]
            fight(
                scene,
                FightLocation(2 * n + half, SYSTEMS[n], start + half * 800),
                draw_times_of_length(scene.rng, 10, 9),
                sides,
            )


def big_fleets(scene: Scene) -> None:
    for n in range(2):
        sides = [scene.fleet(120, 8), scene.fleet(110, 8)]
        times = draw_times_of_length(scene.rng, 150, 40)
        settings = FightSettings(friendly_fire=0.05, reships=0.5, attackers=(2.5, 1.0))
        fight(scene, FightLocation(n, SYSTEMS[n], 5000.0 * n), times, sides, settings)


def ganks(scene: Scene) -> None:
    """Busy trade routes: gangs of suicide gankers attack strangers, the police kills them, one pilot helps the police.

    Criminals wait a quarter of an hour and return after half an hour; other gangs attack in between.
    """
    for n in range(4):
        gangs, helper = [scene.fleet(12) for _ in range(3)], scene.fleet(1)
        start = scene.rng.uniform(0, 4000)
        for turn in range(9):
            gang = scene.rng.sample(gangs[turn % 3], 8)
            gank(scene, FightLocation(9 * n + turn, SYSTEMS[n], start), gang, scene.loners(1)[0], helper)
            start += scene.rng.uniform(7, 13) * MINUTE


def ganks_by_one_gang(scene: Scene) -> None:
    """The first drawing of `ganks`: the same gang is back every 16 to 28 minutes, each time with a new victim."""
    for n in range(4):
        gang, helper = scene.fleet(12), scene.fleet(1)
        start = scene.rng.uniform(0, 4000)
        for turn in range(9):
            gank(
                scene,
                FightLocation(9 * n + turn, SYSTEMS[n], start),
                scene.rng.sample(gang, 8),
                scene.loners(1)[0],
                helper,
            )
            start += scene.rng.uniform(16, 28) * MINUTE


def militia_chain(scene: Scene) -> None:
    """Hours of skirmishes between the same two militias: one pilot of each stays, the others pause for three turns."""
    for n in range(3):
        pools = [scene.militia(40, 500_001), scene.militia(40, 500_004)]
        start = scene.rng.uniform(0, 2000)
        for turn in range(10):
            sides = [[pool[0], *scene.rng.sample(pool[1 + turn % 4 :: 4], 5)] for pool in pools]
            times = draw_times_of_length(scene.rng, 9, 7)
            fight(scene, FightLocation(10 * n + turn, SYSTEMS[n], start), times, sides, FightSettings(reships=0.8))
            start += times[-1] + scene.rng.uniform(8, 25) * MINUTE


def militia_chain_without_rest(scene: Scene) -> None:
    """The first drawing of `militia_chain`: the others pause for no turn, so that crews can overlap beyond a third."""
    for n in range(3):
        pools = [scene.militia(40, 500_001), scene.militia(40, 500_004)]
        start = scene.rng.uniform(0, 2000)
        for turn in range(10):
            sides = [[pool[0], *scene.rng.sample(pool[1:], 5)] for pool in pools]
            times = draw_times_of_length(scene.rng, 9, 7)
            fight(scene, FightLocation(10 * n + turn, SYSTEMS[n], start), times, sides, FightSettings(reships=0.8))
            start += times[-1] + scene.rng.uniform(8, 25) * MINUTE


def gate_camp(scene: Scene) -> None:
    """One gang kills strangers for an hour and a half."""
    for n in range(5):
        prey = [pilot for _ in range(40) for pilot in scene.fleet(1)]
        camp = FightSettings(stomped=frozenset({1}), reships=0.0, attackers=(1.3, 0.5), regulars=0.9)
        times = draw_times_of_length(scene.rng, 40, 87)
        fight(scene, FightLocation(n, SYSTEMS[n], scene.rng.uniform(0, 9000)), times, [scene.fleet(7), prey], camp)


def ejections(scene: Scene) -> None:
    """A structure dies in a fight and ejects a hundred empty ships: none of them is a battle."""
    for n in range(4):
        sides = [scene.fleet(14, 2), scene.fleet(10, 2)]
        start, times = scene.rng.uniform(0, 9000), draw_times_of_length(scene.rng, 14, 12)
        fight(scene, FightLocation(n, SYSTEMS[n], start), times, sides, FightSettings(reships=0.8, attendance=0.4))
        eject(scene, FightLocation(n, SYSTEMS[n], start + times[-1] + 30), sides[1][0], sides[0][:6], 100)


def drawn_evening(scene: Scene) -> None:
    """Random sizes, lengths, gaps and pilots as on real days; Zipf-distributed systems, enemies out of thirty."""
    systems = range(30_000_001, 30_000_101)
    busy = [1 / rank**0.9 for rank in range(1, 101)]
    alliances = [99_500_000 + n for n in range(30)]
    for n in range(90):
        kills = draw_size(scene.rng)
        first, second = scene.rng.sample(alliances, 2)
        sides = [
            scene.recruits(pilots, [main, *_allies(scene, pilots)])
            for pilots, main in zip(draw_sides(scene.rng, kills), (first, second), strict=True)
        ]
        one_sided = scene.rng.random() < shape_of(kills).one_sided
        settings = FightSettings(
            stomped=frozenset({1}) if one_sided else frozenset(), attendance=shape_of(kills).attendance, regulars=0.9,
            reships=0.5, capsules=0.0,
        )  # fmt: skip
        location = FightLocation(n, scene.rng.choices(systems, busy)[0], scene.rng.uniform(0, 20_000))
        fight(scene, location, draw_times(scene.rng, kills), sides, settings)


def _allies(scene: Scene, pilots: int) -> list[int]:
    return [99_700_000 + scene.next_id() for _ in range(draw_parties(scene.rng, pilots) - 1)]


def everything_at_once(scene: Scene) -> None:
    """A running fight with a third party and friendly fire, with fights of strangers and ganks in the same systems."""
    scene.connect(SYSTEMS[:4])
    sides = [scene.fleet(30, 4), scene.fleet(28, 4), scene.fleet(10, alliances=False)]
    start = 1200.0
    for system in SYSTEMS[:3]:
        times = draw_times_of_length(scene.rng, 30, 12)
        settings = FightSettings(friendly_fire=0.2, kill_steals=0.1, reships=0.8, attendance=0.3)
        fight(scene, FightLocation(0, system, start), times, sides, settings)
        start += times[-1] + scene.rng.uniform(90, 240)
    for n, system in enumerate(SYSTEMS[:4], start=1):
        times = draw_times_of_length(scene.rng, 9, 8)
        fight(scene, FightLocation(n, system, 1200 + 500 * n), times, [scene.fleet(6, 2), scene.fleet(6, 2)])
        gank(scene, FightLocation(10 + n, system, 1500 + 700 * n), scene.fleet(8), scene.loners(1)[0], scene.fleet(1))


DETECTION: tuple[Detection, ...] = (
    small_gang, reship_lull, chase, chase_through_holes, back_to_back, unrelated_back_to_back, hours_later,
    over_the_hour, siege, roam, strangers, scout, big_fleets, ganks, ganks_by_one_gang,
    militia_chain, militia_chain_without_rest, gate_camp, ejections,
    everything_at_once, drawn_evening,
)  # fmt: skip


def detection_scene(build: Detection, seed: int) -> Scene:
    scene = Scene(Random(seed))
    build(scene)
    noise(scene, SYSTEMS, 6)
    return scene
