"""Single fights with known sides: one for each known failure of side assignment, and some as on real days."""

from collections.abc import Callable, Sequence
from random import Random

from layouts import draw_parties, draw_sides, draw_size, draw_times, draw_times_of_length, shape_of
from simulator import FightLocation, FightSettings, Pilot, Scene, attacker, fight, victim

SYSTEM = 30_000_001
LOCATION, CALDARI, MINMATAR, AMARR, GALLENTE = FightLocation(0, SYSTEM, 0), 500_001, 500_002, 500_003, 500_004
Builder = Callable[[Scene], None]
FLEET = (2.5, 1.0)
THIRD = frozenset({2})


def _one_fight(
    sizes: Sequence[tuple[int, int]],
    kills: int,
    settings: FightSettings,
    *,
    alliances: bool = True,
    third: frozenset[int] = frozenset(),
) -> Builder:
    def build(scene: Scene) -> None:
        sides = [scene.fleet(size, parties, alliances=alliances) for size, parties in sizes]
        scene.third_party_sides = third
        fight(scene, LOCATION, draw_times_of_length(scene.rng, kills, 25), sides, settings)

    return build


def _duels(scene: Scene) -> None:
    sides = [scene.fleet(6) for _ in range(4)]
    enemies = {0: (1,), 1: (0,), 2: (3,), 3: (2,)}
    fight(scene, LOCATION, draw_times_of_length(scene.rng, 24, 12), sides, FightSettings(enemies=enemies, reships=0.6))


def _ally(scene: Scene) -> None:
    """The third fleet is allied with the first, attacks only the second and is attacked by none."""
    settings = FightSettings(attackers=FLEET, kill_steals=0.3, immortal=THIRD, enemies={0: (1,), 1: (0, 2), 2: (1,)})
    _one_fight([(50, 3), (50, 3), (15, 1)], 60, settings)(scene)
    scene.side_of[0] = {party: 0 if side == 2 else side for party, side in scene.side_of[0].items()}


def _stolen_kills(scene: Scene) -> None:
    """Some killmails on which both sides attack a third: they would join the sides by union-find."""
    _one_fight([(40, 3), (35, 3)], 40, FightSettings(attackers=FLEET))(scene)
    first, second = _pilots_of(scene, 0), _pilots_of(scene, 1)
    for n, prey in enumerate(scene.fleet(4)):
        rows = [attacker(pilot, 300) for pilot in (*scene.rng.sample(first, 3), *scene.rng.sample(second, 3))]
        scene.add(FightLocation(0, SYSTEM, 300 + 200 * n), victim(prey), rows, 1e7)


def _pilots_of(scene: Scene, side: int) -> list[Pilot]:
    pilots = {
        person.character_id: Pilot(person.character_id, person.corporation_id, person.alliance_id)
        for killmail in scene.killmails
        for person in (killmail.victim, *killmail.attackers)
        if person.character_id and person.corporation_id and person.party and scene.side_of[0][person.party] == side
    }
    return [pilots[character_id] for character_id in sorted(pilots)]


def _titan(scene: Scene) -> None:
    """One loss is worth more than all others, and pilots of its own side are among the attackers."""
    _one_fight([(60, 4), (50, 4)], 60, FightSettings(attackers=FLEET))(scene)
    first, second = _pilots_of(scene, 0), _pilots_of(scene, 1)
    rows = [attacker(pilot, 9000) for pilot in (*scene.rng.sample(first[1:], 2), *scene.rng.sample(second, 6))]
    scene.add(FightLocation(0, SYSTEM, 900), victim(first[0], 11567, 30), rows, 8e10)


def _militias(scene: Scene) -> None:
    """Two allied militias and player corporations on each side, and a pilot in neither."""
    sides = [
        [*scene.militia(10, CALDARI), *scene.militia(5, AMARR), *scene.fleet(6, 2, alliances=False)],
        [*scene.militia(9, GALLENTE), *scene.militia(5, MINMATAR), *scene.fleet(6, 2), *scene.loners(1)],
    ]
    fight(scene, LOCATION, draw_times_of_length(scene.rng, 40, 30), sides, FightSettings(attackers=(1.6, 0.8)))


def _loners(scene: Scene) -> None:
    """Pilots of NPC corporations, each of them a party alone."""
    sides = [[*scene.fleet(20, 2), *scene.loners(6)], [*scene.fleet(18, 2), *scene.loners(5)]]
    fight(
        scene,
        LOCATION,
        draw_times_of_length(scene.rng, 50, 30),
        sides,
        FightSettings(attackers=(2.2, 0.8), reships=0.6),
    )


def _combined(scene: Scene) -> None:
    """Friendly fire, a third party and corporations without an alliance, all at once."""
    sides = [scene.fleet(60, 14, alliances=False), scene.fleet(50, 12, alliances=False), scene.fleet(25, 2)]
    scene.third_party_sides = THIRD
    fight(
        scene,
        LOCATION,
        draw_times_of_length(scene.rng, 100, 30),
        sides,
        FightSettings(friendly_fire=0.25, kill_steals=0.15, attackers=FLEET),
    )


def _stomp_and_third(pilots: int) -> Builder:
    """The losers never attack, and a third party attacks them and the winners."""

    def build(scene: Scene) -> None:
        sides = [scene.fleet(40, 4), scene.fleet(35, 3, alliances=False), scene.fleet(pilots, 1)]
        scene.third_party_sides = THIRD
        settings = FightSettings(
            attackers=FLEET, friendly_fire=0.1, kill_steals=0.15, enemies={0: (1, 2), 1: (), 2: (0, 1)}
        )
        fight(scene, LOCATION, draw_times_of_length(scene.rng, 60, 20), sides, settings)

    return build


def _drawn(min_killmails: int) -> Builder:
    """Two sides as on real days: size, length, pilots, parties, attendance, and how often one side loses nothing."""

    def build(scene: Scene) -> None:
        kills = min(draw_size(scene.rng, min_killmails), 4 * min_killmails)
        sides = [scene.fleet(size, draw_parties(scene.rng, size)) for size in draw_sides(scene.rng, kills)]
        one_sided = scene.rng.random() < shape_of(kills).one_sided
        settings = FightSettings(
            stomped=frozenset({1}) if one_sided else frozenset(), attendance=shape_of(kills).attendance,
            regulars=0.9, reships=0.5, friendly_fire=0.02,
        )  # fmt: skip
        fight(scene, LOCATION, draw_times(scene.rng, kills), sides, settings)

    return build


def hard(scene: Scene) -> None:
    """Two or three sides with every setting somewhere between easy and hopeless."""
    rng = scene.rng
    kills = draw_size(rng, rng.choice((5, 10, 20)))
    sides = [
        scene.fleet(size, draw_parties(rng, size), alliances=rng.random() < 0.7) for size in draw_sides(rng, kills)
    ]
    third = rng.random() < 0.5
    if third:
        size = max(2, round(len(sides[1]) * rng.uniform(0.2, 1)))
        sides.append(scene.fleet(size, rng.choice((1, 1, 2))))
    sides[0] += scene.loners(rng.choice((0, 0, 1, 2)))
    settings = FightSettings(
        friendly_fire=rng.uniform(0, 0.5), awox=rng.uniform(0, 0.05), kill_steals=rng.uniform(0, 0.5),
        stomped=frozenset({1}) if not third and rng.random() < shape_of(kills).one_sided else frozenset(),
        attendance=shape_of(kills).attendance * rng.uniform(0.3, 1), reships=rng.uniform(0.1, 0.8),
    )  # fmt: skip
    fight(scene, LOCATION, draw_times(rng, kills), sides, settings)


_STEALERS = FightSettings(attackers=FLEET, kill_steals=0.25, immortal=THIRD)
_SHOOT_BOTH = FightSettings(attackers=FLEET, kill_steals=0.15)
SIDES: dict[str, Builder] = {
    "gang 10 v 8": _one_fight([(10, 1), (8, 1)], 10, FightSettings()),
    "fleet 100 v 80": _one_fight([(100, 5), (80, 4)], 60, FightSettings(attackers=FLEET)),
    "big 400 v 350": _one_fight([(400, 12), (350, 10)], 250, FightSettings(attackers=(3.2, 1.0))),
    "friendly fire 10 %": _one_fight([(60, 4), (50, 4)], 60, FightSettings(friendly_fire=0.1, attackers=FLEET)),
    "friendly fire 40 %": _one_fight([(60, 4), (50, 4)], 60, FightSettings(friendly_fire=0.4, attackers=FLEET)),
    "friendly fire 70 %": _one_fight([(60, 4), (50, 4)], 60, FightSettings(friendly_fire=0.7, attackers=FLEET)),
    "awox 10 %": _one_fight([(60, 4), (50, 4)], 60, FightSettings(awox=0.1, attackers=FLEET)),
    "third party of 20": _one_fight([(60, 4), (50, 4), (20, 1)], 70, _SHOOT_BOTH, third=THIRD),
    "third party of 40": _one_fight([(60, 4), (50, 4), (40, 2)], 80, _SHOOT_BOTH, third=THIRD),
    "kill-stealers": _one_fight([(60, 4), (50, 4), (8, 1)], 60, _STEALERS, third=THIRD),
    "an ally that only shoots B": _ally,
    "stolen kills": _stolen_kills,
    "titan": _titan,
    "stomp": _one_fight([(40, 3), (30, 6)], 30, FightSettings(stomped=frozenset({1}), attackers=FLEET)),
    "stomp, a third party of 25": _stomp_and_third(25),
    "stomp, a third party of 15": _stomp_and_third(15),
    "no alliances 60 v 50": _one_fight([(60, 25), (50, 20)], 60, FightSettings(attackers=FLEET), alliances=False),
    "loners": _loners,
    "militias": _militias,
    "three-way 60/50/40": _one_fight([(60, 3), (50, 3), (40, 3)], 90, FightSettings(attackers=FLEET, kill_steals=0.1)),
    "disjoint duels": _duels,
    "all at once": _combined,
    "drawn, 5-19 mails": _drawn(5),
    "drawn, 20-79 mails": _drawn(20),
    "drawn, 80 mails and more": _drawn(80),
}  # fmt: skip


def sides_scene(name: str, seed: int) -> Scene:
    scene = Scene(Random(seed))
    SIDES[name](scene)
    return scene


def mixed_scene(seed: int) -> Scene:
    """Fights to calibrate confidence: every second one as on real days, every second one hard."""
    scene = Scene(Random(seed))
    (hard if seed % 2 else _drawn(scene.rng.choice((5, 10, 20))))(scene)
    return scene
