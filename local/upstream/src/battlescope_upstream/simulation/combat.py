"""One exchange of fire: teams with hulls, who loses what when, and who was on the mail."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from random import Random
from typing import Final

from battlescope_upstream.catalogue import CAPSULE, ItemType, catalogue
from battlescope_upstream.simulation import distributions
from battlescope_upstream.simulation.population import Pilot

_RESHIP: Final = 0.107  # of those who lost a ship, so many lose a second one
_STOLEN: Final = 0.1  # mails on which two hostile teams both shot
_NPC_COMPANY: Final = 0.22  # where there are NPCs, so that 14 % of all PvP mails have one among the attackers
_GUNS: Final = 0.6  # the other attackers' weapon is given as the ship itself: drones, tackle
_NO_SHIP: Final = 0.012
_NO_WEAPON: Final = 0.024
_ON_CAPSULE: Final = 3  # a capsule is caught by few


@dataclass(frozen=True, slots=True)
class Attack:
    """One attacker of a loss; `weight` is the share of the damage before it is scaled."""

    who: Pilot
    ship: int | None
    weapon: int | None
    weight: float


@dataclass(frozen=True, slots=True)
class Loss:
    """A killmail before it is written out; `at` counts seconds from the evening's start."""

    at: int
    system_id: int
    victim: Pilot
    ship: int
    attackers: tuple[Attack, ...]
    fight: int | None = None
    at_war: bool = False


@dataclass(slots=True)
class Team:
    """One side on the field: who is left, in which hull. `exposed` is its share of the losses."""

    pilots: list[Pilot]
    doctrine: tuple[ItemType, ...]
    exposed: float = 1.0
    from_second: int = 0
    hulls: dict[Pilot, ItemType] = field(default_factory=dict[Pilot, ItemType])
    lost: set[Pilot] = field(default_factory=set[Pilot])

    def hull(self, rng: Random, pilot: Pilot) -> ItemType:
        return self.hulls.setdefault(pilot, rng.choice(self.doctrine))

    def alive(self) -> list[Pilot]:
        return [pilot for pilot in self.pilots if pilot not in self.lost] or self.pilots

    def lose(self, rng: Random, pilot: Pilot) -> ItemType:
        hull = self.hull(rng, pilot)
        del self.hulls[pilot]
        if rng.random() > _RESHIP:
            self.lost.add(pilot)
        return hull


@dataclass(frozen=True, slots=True)
class Field:
    """Where and how hard: the place at each second, the capsule chance, the size in mails, local NPCs if any."""

    place: Callable[[int], int]
    capsules: float
    mails: int
    npcs: tuple[Attack, ...] = ()
    at_war: bool = False


def engage(rng: Random, field_: Field, teams: Sequence[Team], times: Sequence[int]) -> Iterator[Loss]:
    """A ship loss at each moment, some followed by the pilot's capsule; in no particular order."""
    for at in times:
        present = [team for team in teams if at >= team.from_second]
        losers = rng.choices(present, [team.exposed for team in present])[0]
        enemies = [team for team in present if team is not losers]
        victim = rng.choice(losers.alive())
        hull = losers.lose(rng, victim)
        shooters = _shooters(rng, field_, enemies)
        loss = Loss(at, field_.place(at), victim, hull.type_id, shooters, at_war=field_.at_war)
        yield loss
        if rng.random() < field_.capsules:
            yield capsule_loss(rng, loss)


def capsule_loss(rng: Random, loss: Loss) -> Loss:
    """The same pilot's capsule, a minute or so later, by a few of those who took the ship."""
    pilots = [attack for attack in loss.attackers if attack.who.character_id is not None]
    few = rng.sample(pilots, min(len(pilots), rng.randint(1, _ON_CAPSULE)))
    at = loss.at + distributions.capsule_delay(rng)
    return replace(loss, at=at, ship=CAPSULE, attackers=tuple(replace(a, weight=a.weight + 0.1) for a in few))


def _shooters(rng: Random, field_: Field, enemies: Sequence[Team]) -> tuple[Attack, ...]:
    chosen = [rng.choices(enemies, [len(team.alive()) for team in enemies])[0]]
    if len(enemies) > 1 and rng.random() < _STOLEN:
        chosen = list(enemies)
    pool = [(team, pilot) for team in chosen for pilot in team.alive()]
    present = rng.sample(pool, distributions.attackers(rng, field_.mails, len(pool)))
    weights = distributions.damage_weights(rng, len(present))
    attacks = [
        attack(rng, pilot, team.hull(rng, pilot).type_id, weight)
        for (team, pilot), weight in zip(present, weights, strict=True)
    ]
    if field_.npcs and rng.random() < _NPC_COMPANY:
        attacks.append(replace(rng.choice(field_.npcs), weight=0.05))
    return tuple(attacks)


def attack(rng: Random, pilot: Pilot, ship: int, weight: float) -> Attack:
    """An attacker's row, with ship or weapon missing as rarely as in real mails."""
    draw = rng.random()
    weapon = rng.choice(catalogue().of_role("high")).type_id if draw < _GUNS else ship
    return Attack(
        pilot,
        None if rng.random() < _NO_SHIP else ship,
        None if rng.random() < _NO_WEAPON else weapon,
        weight,
    )
