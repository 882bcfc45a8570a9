"""One engagement of opposing teams: ships they fly, losses in time, and the attackers of each loss."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from random import Random
from typing import Final

from battlescope_upstream.catalogue import CAPSULE, ItemType, catalogue
from battlescope_upstream.simulation import distributions
from battlescope_upstream.simulation.population import Pilot

_RESHIP_SHARE: Final = 0.107  # of the pilots who lose a ship, this share loses a second one
_SHARED_KILL_SHARE: Final = 0.1  # killmails with attackers of two teams that are hostile to each other
_NPC_ATTACKER_SHARE: Final = 0.22  # where there are NPCs; so 14 % of all PvP killmails have an NPC attacker
_GUN_SHARE: Final = 0.6  # the other attackers have their ship as weapon: drones, tackle
_NO_SHIP_SHARE: Final = 0.012
_NO_WEAPON_SHARE: Final = 0.024
_MAX_CAPSULE_ATTACKERS: Final = 3  # few pilots catch a capsule


@dataclass(frozen=True, slots=True)
class Attack:
    """One attacker of a loss; `weight` is the share of the damage before scaling."""

    pilot: Pilot
    ship: int | None
    weapon: int | None
    weight: float


@dataclass(frozen=True, slots=True)
class Loss:
    """A killmail before it is written as JSON; `second` counts from the start of the simulated feed."""

    second: int
    system_id: int
    victim: Pilot
    ship: int
    attackers: tuple[Attack, ...]
    fight: int | None = None
    at_war: bool = False


@dataclass(slots=True)
class Team:
    """One side of an engagement. `loss_weight` is its share of the losses relative to the other teams."""

    pilots: list[Pilot]
    doctrine: tuple[ItemType, ...]
    loss_weight: float = 1.0
    arrival_second: int = 0
    hulls: dict[Pilot, ItemType] = field(default_factory=dict[Pilot, ItemType])
    out_of_fight: set[Pilot] = field(default_factory=set[Pilot])

    def hull_of(self, rng: Random, pilot: Pilot) -> ItemType:
        return self.hulls.setdefault(pilot, rng.choice(self.doctrine))

    def active_pilots(self) -> list[Pilot]:
        """Pilots still in the fight; all pilots when none is left."""
        return [pilot for pilot in self.pilots if pilot not in self.out_of_fight] or self.pilots

    def lose_ship(self, rng: Random, pilot: Pilot) -> ItemType:
        hull = self.hull_of(rng, pilot)
        del self.hulls[pilot]
        if rng.random() > _RESHIP_SHARE:
            self.out_of_fight.add(pilot)
        return hull


@dataclass(frozen=True, slots=True)
class Battlefield:
    """System id by second, chance of a capsule loss, size of the fight in killmails, and local NPCs if any."""

    system_at: Callable[[int], int]
    capsule_chance: float
    killmail_count: int
    npcs: tuple[Attack, ...] = ()
    at_war: bool = False


def simulate_engagement(
    rng: Random, battlefield: Battlefield, teams: Sequence[Team], times: Sequence[int]
) -> Iterator[Loss]:
    """A ship loss at each time, some followed by a loss of the pilot's capsule; not in order of time."""
    for second in times:
        present = [team for team in teams if second >= team.arrival_second]
        losers = rng.choices(present, [team.loss_weight for team in present])[0]
        enemies = [team for team in present if team is not losers]
        victim = rng.choice(losers.active_pilots())
        hull = losers.lose_ship(rng, victim)
        attackers = _attackers(rng, battlefield, enemies)
        loss = Loss(second, battlefield.system_at(second), victim, hull.type_id, attackers, at_war=battlefield.at_war)
        yield loss
        if rng.random() < battlefield.capsule_chance:
            yield capsule_loss(rng, loss)


def capsule_loss(rng: Random, loss: Loss) -> Loss:
    """The loss of the same pilot's capsule about a minute later, to a few of the attackers of the ship."""
    players = [attack for attack in loss.attackers if attack.pilot.character_id is not None]
    attacks = rng.sample(players, min(len(players), rng.randint(1, _MAX_CAPSULE_ATTACKERS)))
    second = loss.second + distributions.capsule_delay(rng)
    attackers = tuple(replace(attack, weight=attack.weight + 0.1) for attack in attacks)
    return replace(loss, second=second, ship=CAPSULE, attackers=attackers)


def _attackers(rng: Random, battlefield: Battlefield, enemies: Sequence[Team]) -> tuple[Attack, ...]:
    teams = [rng.choices(enemies, [len(team.active_pilots()) for team in enemies])[0]]
    if len(enemies) > 1 and rng.random() < _SHARED_KILL_SHARE:
        teams = list(enemies)
    candidates = [(team, pilot) for team in teams for pilot in team.active_pilots()]
    count = distributions.attacker_count(rng, battlefield.killmail_count, len(candidates))
    present = rng.sample(candidates, count)
    weights = distributions.damage_weights(rng, len(present))
    attacks = [
        make_attack(rng, pilot, team.hull_of(rng, pilot).type_id, weight)
        for (team, pilot), weight in zip(present, weights, strict=True)
    ]
    if battlefield.npcs and rng.random() < _NPC_ATTACKER_SHARE:
        attacks.append(replace(rng.choice(battlefield.npcs), weight=0.05))
    return tuple(attacks)


def make_attack(rng: Random, pilot: Pilot, ship: int, weight: float) -> Attack:
    """An attacker; ship or weapon are absent as often as in real killmails."""
    draw = rng.random()
    weapon = rng.choice(catalogue().with_role("high")).type_id if draw < _GUN_SHARE else ship
    return Attack(
        pilot,
        None if rng.random() < _NO_SHIP_SHARE else ship,
        None if rng.random() < _NO_WEAPON_SHARE else weapon,
        weight,
    )
