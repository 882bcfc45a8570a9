"""The fights of an evening with two or more sides: brawls of every size, third parties, chases, second rounds."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Final

from battlescope_upstream.catalogue import ItemType, catalogue
from battlescope_upstream.simulation import distributions
from battlescope_upstream.simulation.combat import Attack, Field, Loss, Team, engage
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
    "pochven": (replace(_RAT, who=Pilot(None, None, None, 500_026)),),
}
_ONE_LOSS: Final = 2  # mails: a ship and its capsule; strangers may lose one beside a larger fight
_CAUGHT: Final = 0.3  # of those are miners and haulers
_PLACES: Final = 3  # of a running fight: two jumps are what consumers are asked to follow
_SMALL_CREW: Final = 12
_LARGE_CREW: Final = 60


@dataclass(frozen=True, slots=True)
class Scene:
    """What happened, and the truth about it: `sides` maps each party to its side; none when it was no fight."""

    kind: str
    losses: tuple[Loss, ...]
    sides: Mapping[int, int]


@dataclass(frozen=True, slots=True)
class SceneBuilder:
    rng: Random
    roster: Roster
    universe: Universe


def doctrine(rng: Random, crew: int) -> tuple[ItemType, ...]:
    """What a side flies: a mix of small hulls, cruisers, or a fleet's main hull with company and a rare capital."""
    table = catalogue()
    if crew <= _SMALL_CREW:
        return tuple(rng.sample(table.of_role("frigate", "destroyer", "cruiser", "battlecruiser", "shuttle"), 6))
    main = rng.sample(table.of_role("cruiser", "battlecruiser", "destroyer"), 2)
    if crew <= _LARGE_CREW:
        return (*main * 3, *rng.sample(table.of_role("frigate", "cruiser", "battleship"), 4))
    heavy = rng.choice(table.of_role("battleship", "cruiser"))
    support = rng.sample(table.of_role("frigate", "destroyer", "cruiser"), 5)
    return (*[heavy] * 12, *main * 5, *support, rng.choice(table.of_role("capital")))


def _field(space: Space, system_id: int, mails: int, capsules: float, *, at_war: bool = False) -> Field:
    return Field(lambda _: system_id, capsules, mails, _NPCS[space], at_war)


def _teams(stage: SceneBuilder, crew: int, space: Space, start: int, end: int) -> list[Team]:
    """Two opposed teams of unequal size."""
    larger = stage.rng.uniform(0.5, 0.74)
    counts = (max(1, round(crew * larger)), max(1, round(crew * (1 - larger))))
    while True:
        parties = stage.roster.opponents(max(counts), space)
        casts = [stage.roster.cast(p, n, start, end) for p, n in zip(parties, counts, strict=True)]
        if all(casts):
            return [Team(cast, doctrine(stage.rng, crew)) for cast in casts]


def brawl(stage: SceneBuilder, start: int, mails: int, space: Space) -> Scene:
    """An ordinary fight of two sides."""
    rng = stage.rng
    seconds = round(distributions.minutes(rng, mails) * 60)
    count, capsules = distributions.ship_losses(rng, mails, distributions.CAPSULES[space])
    teams = _teams(stage, distributions.crew_size(rng, mails), space, start, start + seconds)
    teams[0].exposed = 1 - distributions.losing_share(rng, mails)
    teams[1].exposed = 1 - teams[0].exposed
    if mails <= _ONE_LOSS and rng.random() < _CAUGHT:
        teams[1].doctrine, teams[1].exposed, teams[0].exposed = catalogue().of_role("industrial"), 1.0, 0.0
    system_id = stage.roster.system(space, start, start + seconds, alone=mails > _ONE_LOSS)
    field = _field(space, system_id, mails, capsules, at_war=space == "highsec")
    times = [start + at for at in distributions.loss_times(rng, count, seconds)]
    kind = "solo" if mails <= _ONE_LOSS else "brawl"
    return _scene(kind, engage(rng, field, teams, times), teams)


def _scene(kind: str, losses: Iterator[Loss], teams: Sequence[Team]) -> Scene:
    """Sides of the parties that the mails show; who stayed unseen is no part of the truth."""
    found = tuple(losses)
    seen = {party_of(pilot) for loss in found for pilot in (loss.victim, *(a.who for a in loss.attackers))}
    sides = sides_of(*(team.pilots for team in teams))
    return Scene(kind, found, {party: side for party, side in sides.items() if party in seen})


def fleet_fight(stage: SceneBuilder, start: int, mails: int, *, minutes: float, kind: str = "fleet") -> Scene:
    """Two fleets in null security."""
    rng, seconds = stage.rng, round(minutes * 60)
    teams = _teams(stage, round(mails * 1.2), "nullsec", start, start + seconds)
    teams[1].exposed = rng.uniform(1.2, 2.5)
    system_id = stage.roster.system("nullsec", start, start + seconds)
    count, capsules = distributions.ship_losses(rng, mails, distributions.CAPSULES["nullsec"])
    times = [start + at for at in distributions.loss_times(rng, count, seconds)]
    return _scene(kind, engage(rng, _field("nullsec", system_id, mails, capsules), teams, times), teams)


def third_party(stage: SceneBuilder, start: int, mails: int) -> Scene:
    """A third side arrives half-way and shoots both."""
    rng, seconds = stage.rng, 20 * 60
    teams = _teams(stage, mails, "lowsec", start, start + seconds)
    known = set(sides_of(*(team.pilots for team in teams)))
    cast = stage.roster.crew(known, max(4, mails // 4), start, start + seconds)
    teams.append(Team(cast, doctrine(rng, mails), 0.4, start + seconds // 2))
    system_id = stage.roster.system("lowsec", start, start + seconds)
    count, capsules = distributions.ship_losses(rng, mails, distributions.CAPSULES["lowsec"])
    times = [start + at for at in distributions.loss_times(rng, count, seconds)]
    return _scene("third-party", engage(rng, _field("lowsec", system_id, mails, capsules), teams, times), teams)


def running(stage: SceneBuilder, start: int, mails: int) -> Scene:
    """One fight that moves along two gates."""
    rng, seconds = stage.rng, 18 * 60
    teams = _teams(stage, max(8, mails), "nullsec", start, start + seconds)
    path = [stage.roster.system("nullsec", start, start + seconds)]
    neighbours = stage.universe.neighbours()
    while len(path) < _PLACES:
        path.append(rng.choice([s for s in neighbours[path[-1]] if s not in path] or neighbours[path[-1]]))
        stage.roster.book_system(path[-1], start, start + seconds)
    count, capsules = distributions.ship_losses(rng, mails, distributions.CAPSULES["nullsec"])
    times = [start + at for at in distributions.loss_times(rng, count, seconds)]
    field = Field(
        lambda at: path[min(_PLACES - 1, max(0, at - start) * _PLACES // (seconds + 1))],
        capsules,
        mails,
        _NPCS["nullsec"],
    )
    return _scene("running", engage(rng, field, teams, times), teams)


def reship(stage: SceneBuilder, start: int, mails: int) -> Scene:
    """Two rounds of the same crews with a lull of about 20 minutes between them."""
    rng, seconds, lull = stage.rng, 8 * 60, stage.rng.randint(18, 24) * 60
    teams = _teams(stage, mails, "nullsec", start, start + 2 * seconds + lull)
    system_id = stage.roster.system("nullsec", start, start + 2 * seconds + lull)
    count, capsules = distributions.ship_losses(rng, mails // 2, distributions.CAPSULES["nullsec"])
    field = _field("nullsec", system_id, mails // 2, capsules)
    rounds: list[Loss] = []
    for begin in (start, start + seconds + lull):
        for team in teams:
            team.lost.clear()
        rounds += engage(rng, field, teams, [begin + at for at in distributions.loss_times(rng, count, seconds)])
    return _scene("reship", iter(rounds), teams)


def militia(stage: SceneBuilder, start: int, mails: int) -> Scene:
    """Faction warfare: frigates trickling into one system for more than an hour."""
    rng, seconds, roster = stage.rng, 80 * 60, stage.roster
    left, right = roster.militias(rng.choice((0, 2)))
    hulls = tuple(rng.sample(catalogue().of_role("frigate", "destroyer"), 8))
    teams = [Team(roster.cast([side], mails // 2, start, start + seconds), hulls) for side in (left, right)]
    system_id = roster.system("lowsec", start, start + seconds)
    count, capsules = distributions.ship_losses(rng, mails, distributions.CAPSULES["lowsec"])
    times = [start + at for at in distributions.loss_times(rng, count, seconds)]
    return _scene("militia", engage(rng, _field("lowsec", system_id, 3, capsules), teams, times), teams)
