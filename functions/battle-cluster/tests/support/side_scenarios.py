"""Single fights with known sides: one for each way in which sides are known to go wrong, and some from figures."""

from collections.abc import Callable, Sequence
from random import Random

from layouts import drawn_parties, drawn_sides, drawn_size, drawn_times, rhythm, shape
from simulator import Dials, Pilot, Place, Scene, attacker, fight, victim

HERE = 30_000_001
HOME, CALDARI, MINMATAR, AMARR, GALLENTE = Place(0, HERE, 0), 500_001, 500_002, 500_003, 500_004
Builder = Callable[[Scene], None]
FLEET = (2.5, 1.0)
THIRD = frozenset({2})


def _one_fight(
    sizes: Sequence[tuple[int, int]],
    mails: int,
    dials: Dials,
    *,
    alliances: bool = True,
    third: frozenset[int] = frozenset(),
) -> Builder:
    def build(scene: Scene) -> None:
        sides = [scene.fleet(size, parties, alliances=alliances) for size, parties in sizes]
        scene.third = third
        fight(scene, HOME, rhythm(scene.rng, mails, 25), sides, dials)

    return build


def _duels(scene: Scene) -> None:
    sides = [scene.fleet(6) for _ in range(4)]
    enemies = {0: (1,), 1: (0,), 2: (3,), 3: (2,)}
    fight(scene, HOME, rhythm(scene.rng, 24, 12), sides, Dials(enemies=enemies, reships=0.6))


def _ally(scene: Scene) -> None:
    """The third fleet stands with the first, shoots the second only and is shot by nobody."""
    dials = Dials(attackers=FLEET, joins=0.3, quiet=THIRD, enemies={0: (1,), 1: (0, 2), 2: (1,)})
    _one_fight([(50, 3), (50, 3), (15, 1)], 60, dials)(scene)
    scene.side[0] = {party: 0 if side == 2 else side for party, side in scene.side[0].items()}


def _stolen_kills(scene: Scene) -> None:
    """A handful of mails on which both sides shoot somebody of a third: they bridge the sides for union-find."""
    _one_fight([(40, 3), (35, 3)], 40, Dials(attackers=FLEET))(scene)
    ours, theirs = _pilots_of(scene, 0), _pilots_of(scene, 1)
    for n, prey in enumerate(scene.fleet(4)):
        rows = [attacker(one, 300) for one in (*scene.rng.sample(ours, 3), *scene.rng.sample(theirs, 3))]
        scene.add(Place(0, HERE, 300 + 200 * n), victim(prey), rows, 1e7)


def _pilots_of(scene: Scene, side: int) -> list[Pilot]:
    people = {
        one.character_id: Pilot(one.character_id, one.corporation_id, one.alliance_id)
        for mail in scene.mails
        for one in (mail.victim, *mail.attackers)
        if one.character_id and one.corporation_id and one.party and scene.side[0][one.party] == side
    }
    return [people[one] for one in sorted(people)]


def _titan(scene: Scene) -> None:
    """One loss worth more than all others, to a bomb of the own side beside the enemy's."""
    _one_fight([(60, 4), (50, 4)], 60, Dials(attackers=FLEET))(scene)
    ours, theirs = _pilots_of(scene, 0), _pilots_of(scene, 1)
    rows = [attacker(one, 9000) for one in (*scene.rng.sample(ours[1:], 2), *scene.rng.sample(theirs, 6))]
    scene.add(Place(0, HERE, 900), victim(ours[0], 11567, 30), rows, 8e10)


def _militias(scene: Scene) -> None:
    """Two allied militias on each side, player corporations beside them, some pilots in neither."""
    sides = [
        [*scene.militia(10, CALDARI), *scene.militia(5, AMARR), *scene.fleet(6, 2, alliances=False)],
        [*scene.militia(9, GALLENTE), *scene.militia(5, MINMATAR), *scene.fleet(6, 2), *scene.loners(1)],
    ]
    fight(scene, HOME, rhythm(scene.rng, 40, 30), sides, Dials(attackers=(1.6, 0.8)))


def _loners(scene: Scene) -> None:
    """Pilots in corporations that are no party, each for himself on the books."""
    sides = [[*scene.fleet(20, 2), *scene.loners(6)], [*scene.fleet(18, 2), *scene.loners(5)]]
    fight(scene, HOME, rhythm(scene.rng, 50, 30), sides, Dials(attackers=(2.2, 0.8), reships=0.6))


def _combined(scene: Scene) -> None:
    """Friendly fire, a third party and corporations without an alliance, all at once."""
    sides = [scene.fleet(60, 14, alliances=False), scene.fleet(50, 12, alliances=False), scene.fleet(25, 2)]
    scene.third = THIRD
    fight(scene, HOME, rhythm(scene.rng, 100, 30), sides, Dials(friendly_fire=0.25, joins=0.15, attackers=FLEET))


def _stomp_and_third(pilots: int) -> Builder:
    """The losers never shoot, and a third party takes its part of them and of the winners."""

    def build(scene: Scene) -> None:
        sides = [scene.fleet(40, 4), scene.fleet(35, 3, alliances=False), scene.fleet(pilots, 1)]
        scene.third = THIRD
        dials = Dials(attackers=FLEET, friendly_fire=0.1, joins=0.15, enemies={0: (1, 2), 1: (), 2: (0, 1)})
        fight(scene, HOME, rhythm(scene.rng, 60, 20), sides, dials)

    return build


def _drawn(least: int) -> Builder:
    """Two sides by the figures: size, length, crews, parties, attendance, how often one side loses nothing."""

    def build(scene: Scene) -> None:
        mails = min(drawn_size(scene.rng, least), 4 * least)
        sides = [scene.fleet(size, drawn_parties(scene.rng, size)) for size in drawn_sides(scene.rng, mails)]
        one_sided = scene.rng.random() < shape(mails).one_sided
        dials = Dials(
            stomped=frozenset({1}) if one_sided else frozenset(), attendance=shape(mails).attendance,
            regulars=0.9, reships=0.5, friendly_fire=0.02,
        )  # fmt: skip
        fight(scene, HOME, drawn_times(scene.rng, mails), sides, dials)

    return build


def hard(scene: Scene) -> None:
    """Two to three sides with every dial somewhere between gentle and hopeless."""
    rng = scene.rng
    mails = drawn_size(rng, rng.choice((5, 10, 20)))
    sides = [
        scene.fleet(size, drawn_parties(rng, size), alliances=rng.random() < 0.7) for size in drawn_sides(rng, mails)
    ]
    third = rng.random() < 0.5
    if third:
        size = max(2, round(len(sides[1]) * rng.uniform(0.2, 1)))
        sides.append(scene.fleet(size, rng.choice((1, 1, 2))))
    sides[0] += scene.loners(rng.choice((0, 0, 1, 2)))
    dials = Dials(
        friendly_fire=rng.uniform(0, 0.5), awox=rng.uniform(0, 0.05), joins=rng.uniform(0, 0.5),
        stomped=frozenset({1}) if not third and rng.random() < shape(mails).one_sided else frozenset(),
        attendance=shape(mails).attendance * rng.uniform(0.3, 1), reships=rng.uniform(0.1, 0.8),
    )  # fmt: skip
    fight(scene, HOME, drawn_times(rng, mails), sides, dials)


_STEALERS = Dials(attackers=FLEET, joins=0.25, quiet=THIRD)
_SHOOT_BOTH = Dials(attackers=FLEET, joins=0.15)
SIDES: dict[str, Builder] = {
    "gang 10 v 8": _one_fight([(10, 1), (8, 1)], 10, Dials()),
    "fleet 100 v 80": _one_fight([(100, 5), (80, 4)], 60, Dials(attackers=FLEET)),
    "big 400 v 350": _one_fight([(400, 12), (350, 10)], 250, Dials(attackers=(3.2, 1.0))),
    "friendly fire 10 %": _one_fight([(60, 4), (50, 4)], 60, Dials(friendly_fire=0.1, attackers=FLEET)),
    "friendly fire 40 %": _one_fight([(60, 4), (50, 4)], 60, Dials(friendly_fire=0.4, attackers=FLEET)),
    "friendly fire 70 %": _one_fight([(60, 4), (50, 4)], 60, Dials(friendly_fire=0.7, attackers=FLEET)),
    "awox 10 %": _one_fight([(60, 4), (50, 4)], 60, Dials(awox=0.1, attackers=FLEET)),
    "third party of 20": _one_fight([(60, 4), (50, 4), (20, 1)], 70, _SHOOT_BOTH, third=THIRD),
    "third party of 40": _one_fight([(60, 4), (50, 4), (40, 2)], 80, _SHOOT_BOTH, third=THIRD),
    "kill-stealers": _one_fight([(60, 4), (50, 4), (8, 1)], 60, _STEALERS, third=THIRD),
    "an ally that only shoots B": _ally,
    "stolen kills": _stolen_kills,
    "titan": _titan,
    "stomp": _one_fight([(40, 3), (30, 6)], 30, Dials(stomped=frozenset({1}), attackers=FLEET)),
    "stomp, a third party of 25": _stomp_and_third(25),
    "stomp, a third party of 15": _stomp_and_third(15),
    "no alliances 60 v 50": _one_fight([(60, 25), (50, 20)], 60, Dials(attackers=FLEET), alliances=False),
    "loners": _loners,
    "militias": _militias,
    "three-way 60/50/40": _one_fight([(60, 3), (50, 3), (40, 3)], 90, Dials(attackers=FLEET, joins=0.1)),
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
    """What a confidence must be honest about: every second fight as on real days, every second a hard one."""
    scene = Scene(Random(seed))
    (hard if seed % 2 else _drawn(scene.rng.choice((5, 10, 20))))(scene)
    return scene
