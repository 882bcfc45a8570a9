"""Fights of two or more sides: brawls of every size, third parties, running fights, second rounds."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Final

from battlescope_upstream.catalogue import ItemType, catalogue
from battlescope_upstream.simulation import distributions
from battlescope_upstream.simulation.combat import Attack, Battlefield, Loss, Team, simulate_engagement
from battlescope_upstream.simulation.population import MILITIAS, Pilot, party_of
from battlescope_upstream.simulation.roster import Roster, sides_of
from battlescope_upstream.simulation.universe import Space, Universe

_SENTRY: Final = Attack(Pilot(None, None, None, MILITIAS[1][0]), 3742, 3742, 0.05)
_RAT: Final = Attack(Pilot(None, 1_000_127), 11029, 11029, 0.05)
_PIRATE: Final = Attack(Pilot(None, None, None, 500_012), 24140, 24140, 0.05)
_NPCS: Final[Mapping[Space, tuple[Attack, ...]]] = {
    "highsec": (_SENTRY,),
    "lowsec": (_SENTRY, _RAT),
    "nullsec": (_RAT, _PIRATE),
    "wormhole": (),
    "pochven": (replace(_RAT, pilot=Pilot(None, None, None, 500_026)),),
}
_SINGLE_LOSS_KILLMAILS: Final = 2  # a ship and its capsule; such a loss may happen beside a larger fight
_INDUSTRIAL_SHARE: Final = 0.3  # of single losses: miners and haulers
_RUNNING_FIGHT_SYSTEMS: Final = 3  # consumers must follow a fight over two jumps
_SMALL_CREW: Final = 12
_LARGE_CREW: Final = 60


@dataclass(frozen=True, slots=True)
class Scene:
    """Losses and their truth: `sides` maps each party to its side, and is empty when the scene is no fight."""

    kind: str
    losses: tuple[Loss, ...]
    sides: Mapping[int, int]


@dataclass(frozen=True, slots=True)
class SceneContext:
    """Shared by all scenes of a feed."""

    rng: Random
    roster: Roster
    universe: Universe


def doctrine(rng: Random, crew_size: int) -> tuple[ItemType, ...]:
    """Hulls of a side by its size: mixed small hulls, cruisers with support, or a main hull with a rare capital."""
    items = catalogue()
    if crew_size <= _SMALL_CREW:
        return tuple(rng.sample(items.with_role("frigate", "destroyer", "cruiser", "battlecruiser", "shuttle"), 6))
    main = rng.sample(items.with_role("cruiser", "battlecruiser", "destroyer"), 2)
    if crew_size <= _LARGE_CREW:
        return (*main * 3, *rng.sample(items.with_role("frigate", "cruiser", "battleship"), 4))
    heavy = rng.choice(items.with_role("battleship", "cruiser"))
    support = rng.sample(items.with_role("frigate", "destroyer", "cruiser"), 5)
    return (*[heavy] * 12, *main * 5, *support, rng.choice(items.with_role("capital")))


def _battlefield(
    space: Space, system_id: int, killmail_count: int, capsule_chance: float, *, at_war: bool = False
) -> Battlefield:
    return Battlefield(lambda _: system_id, capsule_chance, killmail_count, _NPCS[space], at_war)


def _teams(context: SceneContext, crew_size: int, space: Space, start: int, end: int) -> list[Team]:
    """Two opposing teams of unequal size."""
    larger_share = context.rng.uniform(0.5, 0.74)
    counts = (max(1, round(crew_size * larger_share)), max(1, round(crew_size * (1 - larger_share))))
    while True:
        sides = context.roster.pick_opposing_parties(max(counts), space)
        crews = [context.roster.assign_pilots(s, n, start, end) for s, n in zip(sides, counts, strict=True)]
        if all(crews):
            return [Team(crew, doctrine(context.rng, crew_size)) for crew in crews]


def _loss_times(rng: Random, start: int, count: int, seconds: int) -> list[int]:
    return [start + offset for offset in distributions.loss_times(rng, count, seconds)]


def _ship_losses(rng: Random, killmail_count: int, space: Space) -> tuple[int, float]:
    return distributions.ship_losses(rng, killmail_count, distributions.CAPSULES_PER_SHIP[space])


def _scene(kind: str, simulated: Iterable[Loss], teams: Sequence[Team]) -> Scene:
    """The truth contains only the sides of parties that appear in a loss."""
    losses = tuple(simulated)
    visible = {party_of(pilot) for loss in losses for pilot in (loss.victim, *(a.pilot for a in loss.attackers))}
    sides = sides_of(*(team.pilots for team in teams))
    return Scene(kind, losses, {party: side for party, side in sides.items() if party in visible})


def brawl(context: SceneContext, start: int, killmail_count: int, space: Space) -> Scene:
    """An ordinary fight of two sides."""
    rng, is_single_loss = context.rng, killmail_count <= _SINGLE_LOSS_KILLMAILS
    seconds = round(distributions.fight_minutes(rng, killmail_count) * 60)
    count, capsule_chance = _ship_losses(rng, killmail_count, space)
    teams = _teams(context, distributions.crew_size(rng, killmail_count), space, start, start + seconds)
    teams[0].loss_weight = 1 - distributions.losing_share(rng, killmail_count)
    teams[1].loss_weight = 1 - teams[0].loss_weight
    if is_single_loss and rng.random() < _INDUSTRIAL_SHARE:
        teams[1].doctrine, teams[1].loss_weight, teams[0].loss_weight = catalogue().with_role("industrial"), 1.0, 0.0
    system_id = context.roster.pick_system(space, start, start + seconds, alone=not is_single_loss)
    battlefield = _battlefield(space, system_id, killmail_count, capsule_chance, at_war=space == "highsec")
    times = _loss_times(rng, start, count, seconds)
    kind = "solo" if is_single_loss else "brawl"
    return _scene(kind, simulate_engagement(rng, battlefield, teams, times), teams)


def fleet_fight(
    context: SceneContext, start: int, killmail_count: int, *, minutes: float, kind: str = "fleet"
) -> Scene:
    """Two fleets in null security."""
    rng, seconds = context.rng, round(minutes * 60)
    teams = _teams(context, round(killmail_count * 1.2), "nullsec", start, start + seconds)
    teams[1].loss_weight = rng.uniform(1.2, 2.5)
    system_id = context.roster.pick_system("nullsec", start, start + seconds)
    count, capsule_chance = _ship_losses(rng, killmail_count, "nullsec")
    battlefield = _battlefield("nullsec", system_id, killmail_count, capsule_chance)
    times = _loss_times(rng, start, count, seconds)
    return _scene(kind, simulate_engagement(rng, battlefield, teams, times), teams)


def third_party(context: SceneContext, start: int, killmail_count: int) -> Scene:
    """A third side arrives half-way and shoots both."""
    rng, seconds = context.rng, 20 * 60
    teams = _teams(context, killmail_count, "lowsec", start, start + seconds)
    fighting_parties = set(sides_of(*(team.pilots for team in teams)))
    crew = context.roster.pick_crew(fighting_parties, max(4, killmail_count // 4), start, start + seconds)
    teams.append(Team(crew, doctrine(rng, killmail_count), 0.4, start + seconds // 2))
    system_id = context.roster.pick_system("lowsec", start, start + seconds)
    count, capsule_chance = _ship_losses(rng, killmail_count, "lowsec")
    battlefield = _battlefield("lowsec", system_id, killmail_count, capsule_chance)
    times = _loss_times(rng, start, count, seconds)
    return _scene("third-party", simulate_engagement(rng, battlefield, teams, times), teams)


def running_fight(context: SceneContext, start: int, killmail_count: int) -> Scene:
    """One fight that moves through two gates."""
    rng, seconds = context.rng, 18 * 60
    teams = _teams(context, max(8, killmail_count), "nullsec", start, start + seconds)
    path = [context.roster.pick_system("nullsec", start, start + seconds)]
    neighbours = context.universe.neighbours()
    while len(path) < _RUNNING_FIGHT_SYSTEMS:
        path.append(rng.choice([s for s in neighbours[path[-1]] if s not in path] or neighbours[path[-1]]))
        context.roster.reserve_system(path[-1], start, start + seconds)
    count, capsule_chance = _ship_losses(rng, killmail_count, "nullsec")
    times = _loss_times(rng, start, count, seconds)

    def system_at(second: int) -> int:
        index = max(0, second - start) * _RUNNING_FIGHT_SYSTEMS // (seconds + 1)
        return path[min(_RUNNING_FIGHT_SYSTEMS - 1, index)]

    battlefield = Battlefield(system_at, capsule_chance, killmail_count, _NPCS["nullsec"])
    return _scene("running", simulate_engagement(rng, battlefield, teams, times), teams)


def second_round_fight(context: SceneContext, start: int, killmail_count: int) -> Scene:
    """Two rounds of the same crews with a gap of about 20 minutes between them."""
    rng, seconds, gap = context.rng, 8 * 60, context.rng.randint(18, 24) * 60
    teams = _teams(context, killmail_count, "nullsec", start, start + 2 * seconds + gap)
    system_id = context.roster.pick_system("nullsec", start, start + 2 * seconds + gap)
    count, capsule_chance = _ship_losses(rng, killmail_count // 2, "nullsec")
    battlefield = _battlefield("nullsec", system_id, killmail_count // 2, capsule_chance)
    losses: list[Loss] = []
    for begin in (start, start + seconds + gap):
        for team in teams:
            team.out_of_fight.clear()
        losses += simulate_engagement(rng, battlefield, teams, _loss_times(rng, begin, count, seconds))
    return _scene("reship", losses, teams)


def militia_fight(context: SceneContext, start: int, killmail_count: int) -> Scene:
    """Faction warfare: frigates arrive in one system one by one for more than an hour."""
    rng, seconds, roster = context.rng, 80 * 60, context.roster
    militias = roster.opposing_militias(rng.choice((0, 2)))
    hulls = tuple(rng.sample(catalogue().with_role("frigate", "destroyer"), 8))
    crews = [roster.assign_pilots([militia], killmail_count // 2, start, start + seconds) for militia in militias]
    teams = [Team(crew, hulls) for crew in crews]
    system_id = roster.pick_system("lowsec", start, start + seconds)
    count, capsule_chance = _ship_losses(rng, killmail_count, "lowsec")
    times = _loss_times(rng, start, count, seconds)
    battlefield = _battlefield("lowsec", system_id, 3, capsule_chance)
    return _scene("militia", simulate_engagement(rng, battlefield, teams, times), teams)
