"""What else an evening holds: gate camps, ganks, sieges, awoxes, ejected ships and the noise of NPCs."""

from collections.abc import Iterator
from random import Random
from typing import Final

from battlescope_upstream.catalogue import ItemType, catalogue
from battlescope_upstream.simulation import distributions
from battlescope_upstream.simulation.combat import Attack, Field, Loss, Team, attack, capsule_loss, engage
from battlescope_upstream.simulation.population import Pilot, party_of
from battlescope_upstream.simulation.roster import sides_of
from battlescope_upstream.simulation.scenes import Scene, SceneBuilder

_CONCORD: Final = tuple(Attack(Pilot(None, 1_000_125), ship, ship, 0.0) for ship in (3885, 3885, 11125))
_POLICE: Final = Attack(Pilot(None, 1_000_043), 9970, 9970, 1.0)
# Who kills alone out there: pirates by corporation or by faction, sentries, police, and at times nothing known.
_NOISE: Final = (
    Attack(Pilot(None, 1_000_127), 11029, 11029, 1.0),
    Attack(Pilot(None, 1_000_124), 11024, 11024, 1.0),
    Attack(Pilot(None, None, None, 500_012), 24140, 24140, 1.0),
    Attack(Pilot(None, None, None, 500_019), 24160, 24160, 1.0),
    Attack(Pilot(None, None, None, 500_024), 37473, None, 1.0),
    Attack(Pilot(None, None, None, 500_004), 3742, 3742, 1.0),
    _POLICE,
    Attack(Pilot(None, None), None, None, 1.0),
)
_HIDDEN: Final = 0.13  # attackers of a structure without a ship: 497 of 3,753 on a real mail
_CATALYST: Final = 16240


def gate_camp(stage: SceneBuilder, start: int, mails: int) -> Scene:
    """One small crew, many strangers, for an hour; all victims are on the other side."""
    rng, seconds = stage.rng, mails * 100
    campers = stage.roster.crew((), 7, start, start + seconds)
    count, capsules = distributions.ship_losses(rng, mails, 0.5)
    victims = [
        p for p in stage.roster.strangers(count + 3, start, start + seconds) if party_of(p) not in sides_of(campers)
    ]
    system_id = stage.roster.system("lowsec", start, start + seconds)
    hulls = catalogue().of_role("frigate", "industrial", "shuttle", "cruiser")
    teams = [Team(campers, catalogue().of_role("cruiser"), 0.0), Team(victims, hulls)]
    times = [start + at for at in distributions.loss_times(rng, count, seconds)]
    losses = tuple(engage(rng, Field(lambda _: system_id, capsules, 12), teams, times))
    died = {loss.victim for loss in losses}
    return Scene("camp", losses, sides_of(campers, list(died)))


def gank(stage: SceneBuilder, start: int) -> tuple[Scene, Scene]:
    """A freighter dies to destroyers; CONCORD's answer is a scene of its own, without player attackers."""
    rng = stage.rng
    gankers = stage.roster.crew((), 9, start, start + 300)
    known = sides_of(gankers)
    hauler = next(p for p in stage.roster.strangers(20, start, start + 300) if party_of(p) not in known)
    system_id = stage.roster.system("highsec", start, start + 300)
    shots = tuple(attack(rng, p, _CATALYST, rng.uniform(0.5, 1)) for p in gankers)
    freighter = Loss(start, system_id, hauler, rng.choice(catalogue().of_role("freighter")).type_id, shots)
    answer = tuple(_concorded(rng, system_id, start, pilot) for pilot in gankers)
    sides = sides_of(gankers, [hauler])
    return Scene("gank", (freighter, capsule_loss(rng, freighter)), sides), Scene("concord", answer, {})


def _concorded(rng: Random, system_id: int, start: int, pilot: Pilot) -> Loss:
    return Loss(start + rng.randint(4, 40), system_id, pilot, _CATALYST, (_POLICE, *_CONCORD))


def siege(stage: SceneBuilder, start: int, crew: int, structure: ItemType) -> Scene:
    """A structure dies after a slow fight over it; some of its killers' ships are not known."""
    rng, seconds = stage.rng, 25 * 60
    attackers = stage.roster.crew((), crew, start, start + seconds)
    known = sides_of(attackers)
    defenders = stage.roster.crew(known, 6, start, start + seconds)
    system_id = stage.roster.system("nullsec", start, start + seconds)
    hulls = catalogue().of_role("cruiser", "battlecruiser", "battleship")
    teams = [Team(attackers, hulls, 0.3), Team(defenders, hulls)]
    times = [start + at for at in (0, *sorted(rng.randint(60, seconds - 200) for _ in range(5)))]
    losses = [*engage(rng, Field(lambda _: system_id, 0.5, 8), teams, times)]
    owner = Pilot(None, defenders[0].corporation_id, defenders[0].alliance_id)
    shots = tuple(attack(rng, p, rng.choice(hulls).type_id, rng.expovariate(1)) for p in attackers)
    losses.append(Loss(start + seconds, system_id, owner, structure.type_id, _without_some_ships(rng, shots)))
    return Scene("siege", tuple(losses), sides_of(attackers, defenders))


def _without_some_ships(rng: Random, shots: tuple[Attack, ...]) -> tuple[Attack, ...]:
    return tuple(Attack(a.who, None, a.weapon, a.weight) if rng.random() < _HIDDEN else a for a in shots)


def awox(stage: SceneBuilder, start: int) -> Scene:
    """A pilot shoots his own alliance: a fight of one party, so without sides."""
    rng = stage.rng
    killer, victim = stage.roster.crew((), 2, start, start + 120, allies=False)
    system_id = stage.roster.system("nullsec", start, start + 120)
    hull, prey = (rng.choice(catalogue().of_role(role)).type_id for role in ("cruiser", "battleship"))
    loss = Loss(start, system_id, victim, prey, (attack(rng, killer, hull, 1.0),))
    return Scene("awox", (loss, capsule_loss(rng, loss)), sides_of([killer]))


def ejection(stage: SceneBuilder, start: int, ships: int) -> Scene:
    """Shuttles ejected from a dying structure: many mails in seconds, no pilots in them, and no battle."""
    rng = stage.rng
    killers = stage.roster.crew((), 3, start, start + 60)
    loser = stage.roster.crew(sides_of(killers), 1, start, start + 60)[0]
    owner = Pilot(None, loser.corporation_id, loser.alliance_id)
    system_id = stage.roster.system("wormhole", start, start + 60)
    shuttles = catalogue().of_role("shuttle")
    losses = (
        Loss(start + n // 9, system_id, owner, shuttles[0].type_id, (attack(rng, rng.choice(killers), 17_738, 1.0),))
        for n in range(ships)
    )
    return Scene("ejection", tuple(losses), {})


def deployable(stage: SceneBuilder, start: int) -> Scene:
    """A mobile depot or tractor unit shot by a passer-by: shown, but no fight."""
    rng = stage.rng
    killer = stage.roster.crew((), 1, start, start + 60)[0]
    owner = stage.roster.crew(sides_of([killer]), 1, start, start + 60)[0]
    system_id = stage.roster.system(distributions.space_of_fight(rng), start, start + 60, alone=False)
    thing = rng.choice(catalogue().of_role("deployable")).type_id
    return Scene("deployable", (Loss(start, system_id, owner, thing, (attack(rng, killer, 11_176, 1.0),)),), {})


def noise(stage: SceneBuilder, starts: list[int]) -> Iterator[Scene]:
    """Losses to NPCs alone."""
    rng = stage.rng
    hulls = catalogue().of_role("frigate", "cruiser", "battlecruiser", "industrial", "battleship", "rookie")
    for start in starts:
        system_id = stage.roster.system(distributions.space_of_fight(rng), start, start, alone=False)
        pilot = stage.roster.anyone(start)
        rats = tuple(rng.choices(_NOISE, k=1) * rng.choice((1, 1, 2, 4)))
        yield Scene("noise", (Loss(start, system_id, pilot, rng.choice(hulls).type_id, rats),), {})
