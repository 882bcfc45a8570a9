"""Scenes beside ordinary fights: gate camps, ganks, sieges, awoxes, ejected ships and losses to NPCs."""

from collections.abc import Iterator
from random import Random
from typing import Final

from battlescope_upstream.catalogue import ItemType, catalogue
from battlescope_upstream.simulation import distributions
from battlescope_upstream.simulation.combat import (
    Attack,
    Battlefield,
    Loss,
    Team,
    capsule_loss,
    make_attack,
    simulate_engagement,
)
from battlescope_upstream.simulation.population import Pilot, party_of
from battlescope_upstream.simulation.roster import sides_of
from battlescope_upstream.simulation.scenes import Scene, SceneContext

_CONCORD: Final = tuple(Attack(Pilot(None, 1_000_125), ship, ship, 0.0) for ship in (3885, 3885, 11125))
_POLICE: Final = Attack(Pilot(None, 1_000_043), 9970, 9970, 1.0)
# NPCs that kill alone: pirates by corporation or by faction, sentries, police, and attackers without any id.
_NPC_KILLERS: Final = (
    Attack(Pilot(None, 1_000_127), 11029, 11029, 1.0),
    Attack(Pilot(None, 1_000_124), 11024, 11024, 1.0),
    Attack(Pilot(None, None, None, 500_012), 24140, 24140, 1.0),
    Attack(Pilot(None, None, None, 500_019), 24160, 24160, 1.0),
    Attack(Pilot(None, None, None, 500_024), 37473, None, 1.0),
    Attack(Pilot(None, None, None, 500_004), 3742, 3742, 1.0),
    _POLICE,
    Attack(Pilot(None, None), None, None, 1.0),
)
_UNKNOWN_SHIP_SHARE: Final = 0.13  # attackers of a structure without a ship: 497 of 3,753 in a real killmail
_CATALYST: Final = 16240


def gate_camp(context: SceneContext, start: int, killmail_count: int) -> Scene:
    """One small crew kills many unrelated pilots for an hour; all victims are on the other side."""
    rng, seconds = context.rng, killmail_count * 100
    campers = context.roster.pick_crew((), 7, start, start + seconds)
    count, capsule_chance = distributions.ship_losses(rng, killmail_count, 0.5)
    pilots = context.roster.pick_unrelated_pilots(count + 3, start, start + seconds)
    victims = [pilot for pilot in pilots if party_of(pilot) not in sides_of(campers)]
    system_id = context.roster.pick_system("lowsec", start, start + seconds)
    hulls = catalogue().with_role("frigate", "industrial", "shuttle", "cruiser")
    teams = [Team(campers, catalogue().with_role("cruiser"), 0.0), Team(victims, hulls)]
    times = [start + offset for offset in distributions.loss_times(rng, count, seconds)]
    losses = tuple(simulate_engagement(rng, Battlefield(lambda _: system_id, capsule_chance, 12), teams, times))
    return Scene("camp", losses, sides_of(campers, [loss.victim for loss in losses]))


def gank(context: SceneContext, start: int) -> tuple[Scene, Scene]:
    """A freighter dies to destroyers; CONCORD's kills are a second scene, without player attackers."""
    rng = context.rng
    gankers = context.roster.pick_crew((), 9, start, start + 300)
    ganker_parties = sides_of(gankers)
    pilots = context.roster.pick_unrelated_pilots(20, start, start + 300)
    hauler = next(pilot for pilot in pilots if party_of(pilot) not in ganker_parties)
    system_id = context.roster.pick_system("highsec", start, start + 300)
    shots = tuple(make_attack(rng, p, _CATALYST, rng.uniform(0.5, 1)) for p in gankers)
    freighter = Loss(start, system_id, hauler, rng.choice(catalogue().with_role("freighter")).type_id, shots)
    concord_losses = tuple(_concord_loss(rng, system_id, start, pilot) for pilot in gankers)
    sides = sides_of(gankers, [hauler])
    return Scene("gank", (freighter, capsule_loss(rng, freighter)), sides), Scene("concord", concord_losses, {})


def _concord_loss(rng: Random, system_id: int, start: int, pilot: Pilot) -> Loss:
    return Loss(start + rng.randint(4, 40), system_id, pilot, _CATALYST, (_POLICE, *_CONCORD))


def siege(context: SceneContext, start: int, crew_size: int, structure: ItemType) -> Scene:
    """A structure dies after a slow fight over it; some of its attackers have no ship."""
    rng, seconds = context.rng, 25 * 60
    attackers = context.roster.pick_crew((), crew_size, start, start + seconds)
    defenders = context.roster.pick_crew(sides_of(attackers), 6, start, start + seconds)
    system_id = context.roster.pick_system("nullsec", start, start + seconds)
    hulls = catalogue().with_role("cruiser", "battlecruiser", "battleship")
    teams = [Team(attackers, hulls, 0.3), Team(defenders, hulls)]
    times = [start + offset for offset in (0, *sorted(rng.randint(60, seconds - 200) for _ in range(5)))]
    losses = [*simulate_engagement(rng, Battlefield(lambda _: system_id, 0.5, 8), teams, times)]
    owner = Pilot(None, defenders[0].corporation_id, defenders[0].alliance_id)
    shots = tuple(make_attack(rng, p, rng.choice(hulls).type_id, rng.expovariate(1)) for p in attackers)
    losses.append(Loss(start + seconds, system_id, owner, structure.type_id, _without_some_ships(rng, shots)))
    return Scene("siege", tuple(losses), sides_of(attackers, defenders))


def _without_some_ships(rng: Random, shots: tuple[Attack, ...]) -> tuple[Attack, ...]:
    return tuple(Attack(a.pilot, None, a.weapon, a.weight) if rng.random() < _UNKNOWN_SHIP_SHARE else a for a in shots)


def awox(context: SceneContext, start: int) -> Scene:
    """A pilot kills a member of the same alliance: a fight of one party."""
    rng = context.rng
    killer, victim = context.roster.pick_crew((), 2, start, start + 120, allies=False)
    system_id = context.roster.pick_system("nullsec", start, start + 120)
    hull, prey = (rng.choice(catalogue().with_role(role)).type_id for role in ("cruiser", "battleship"))
    loss = Loss(start, system_id, victim, prey, (make_attack(rng, killer, hull, 1.0),))
    return Scene("awox", (loss, capsule_loss(rng, loss)), sides_of([killer]))


def ejection(context: SceneContext, start: int, ships: int) -> Scene:
    """Shuttles ejected from a dying structure: many killmails in seconds without pilots, and no battle."""
    rng = context.rng
    killers = context.roster.pick_crew((), 3, start, start + 60)
    loser = context.roster.pick_crew(sides_of(killers), 1, start, start + 60)[0]
    owner = Pilot(None, loser.corporation_id, loser.alliance_id)
    system_id = context.roster.pick_system("wormhole", start, start + 60)
    shuttles = catalogue().with_role("shuttle")
    losses: list[Loss] = []
    for n in range(ships):
        attack = make_attack(rng, rng.choice(killers), 17_738, 1.0)
        losses.append(Loss(start + n // 9, system_id, owner, shuttles[0].type_id, (attack,)))
    return Scene("ejection", tuple(losses), {})


def deployable_loss(context: SceneContext, start: int) -> Scene:
    """A pilot kills a mobile depot or tractor unit: a killmail, but no fight."""
    rng = context.rng
    killer = context.roster.pick_crew((), 1, start, start + 60)[0]
    owner = context.roster.pick_crew(sides_of([killer]), 1, start, start + 60)[0]
    system_id = context.roster.pick_system(distributions.space_of_fight(rng), start, start + 60, alone=False)
    deployable_type = rng.choice(catalogue().with_role("deployable")).type_id
    loss = Loss(start, system_id, owner, deployable_type, (make_attack(rng, killer, 11_176, 1.0),))
    return Scene("deployable", (loss,), {})


def npc_losses(context: SceneContext, starts: list[int]) -> Iterator[Scene]:
    """Losses without a player attacker."""
    rng = context.rng
    hulls = catalogue().with_role("frigate", "cruiser", "battlecruiser", "industrial", "battleship", "rookie")
    for start in starts:
        system_id = context.roster.pick_system(distributions.space_of_fight(rng), start, start, alone=False)
        pilot = context.roster.pick_pilot(start)
        attackers = tuple(rng.choices(_NPC_KILLERS, k=1) * rng.choice((1, 1, 2, 4)))
        yield Scene("noise", (Loss(start, system_id, pilot, rng.choice(hulls).type_id, attackers),), {})
