"""Invented fights with known truth: which mails are one battle, and who stood on which side.

Shapes follow what the figures of real days say: attackers per mail and gaps are log-normal, a third of the ship losses
is followed by a capsule after about 79 seconds, one pilot in ten comes back in another ship.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import count
from random import Random

from battle_cluster.mails import Attacker, Mail, Party, PartyKind, Victim

START = 1_638_000_000
SHIP, CAPSULE, SHUTTLE, CITADEL = 587, 670, 672, 35832


@dataclass(frozen=True)
class Pilot:
    character_id: int
    corporation_id: int
    alliance_id: int | None

    @property
    def party(self) -> Party:
        if self.alliance_id is None:
            return Party(PartyKind.CORPORATION, self.corporation_id)
        return Party(PartyKind.ALLIANCE, self.alliance_id)


@dataclass
class Dials:
    """What makes a fight hard to read. `stomped` sides are the only ones that die; `quiet` sides never die."""

    friendly_fire: float = 0.0
    stomped: frozenset[int] = frozenset()
    quiet: frozenset[int] = frozenset()
    enemies: dict[int, tuple[int, ...]] = field(default_factory=dict)
    joins: float = 0.0
    capsules: float = 0.35
    reships: float = 0.1
    attackers: tuple[float, float] = (0.90, 1.08)


GENTLE = Dials()


@dataclass(frozen=True)
class Place:
    """Which true battle, where, and how many seconds after the evening began."""

    battle: int | None
    system: int
    time: float

    def later(self, seconds: float) -> "Place":
        return Place(self.battle, self.system, self.time + seconds)


@dataclass
class Scene:
    """Mails with their truth: battle by killmail id, side by battle and party. Mails without truth are noise."""

    rng: Random
    mails: list[Mail] = field(default_factory=list)
    battle: dict[int, int] = field(default_factory=dict)
    side: dict[int, dict[Party, int]] = field(default_factory=dict)
    ids: Iterable[int] = field(default_factory=lambda: count(1))
    near: dict[int, frozenset[int]] = field(default_factory=dict)

    def next(self) -> int:
        return next(iter(self.ids))

    def fleet(self, size: int, parties: int = 1, *, alliances: bool = True) -> list[Pilot]:
        """Pilots of several parties, the first being the largest."""
        bounds = [(100 + self.next()) * 1000 for _ in range(parties)]
        weights = [1 / (rank + 1) for rank in range(parties)]
        homes = [*bounds, *self.rng.choices(bounds, weights, k=max(0, size - parties))][:size]
        return [
            Pilot(9_000_000 + self.next(), home + 98_000_000, home + 99_000_000 if alliances else None)
            for home in homes
        ]

    def add(self, place: "Place", victim: Victim, attackers: Iterable[Attacker], value: float) -> Mail:
        mail = Mail(
            10_000_000 + self.next(),
            START + round(place.time),
            place.system,
            round(value, 2),
            victim,
            tuple(attackers),
            self.near.get(place.system, frozenset()),
        )
        self.mails.append(mail)
        if place.battle is not None:
            self.battle[mail.killmail_id] = place.battle
        return mail


def attacker(pilot: Pilot, damage: int, *, final: bool = False, ship: int | None = SHIP) -> Attacker:
    return Attacker(pilot.character_id, pilot.corporation_id, pilot.alliance_id, pilot.party, ship, damage, final)


def victim(pilot: Pilot, ship: int = SHIP, group: int = 25, category: int = 6) -> Victim:
    return Victim(pilot.character_id, pilot.corporation_id, pilot.alliance_id, pilot.party, ship, group, category)


def npc(corporation_id: int = 1_000_127) -> Attacker:
    return Attacker(None, corporation_id, None, None, None, 500, final_blow=True)


def fight(
    scene: Scene, at: "Place", times: Sequence[float], sides: Sequence[list[Pilot]], dials: Dials = GENTLE
) -> None:
    """One engagement; `times` are seconds after its start."""
    truth = scene.side.setdefault(at.battle or 0, {})
    for number, fleet in enumerate(sides):
        truth.update((pilot.party, number) for pilot in fleet)
    alive = [list(fleet) for fleet in sides]
    for offset in sorted(times):
        mortal = [
            s
            for s in range(len(sides))
            if alive[s] and s not in dials.quiet and (s in dials.stomped or not dials.stomped)
        ]
        if not mortal:
            return
        loser = scene.rng.choices(mortal, [len(alive[s]) for s in mortal])[0]
        fallen = scene.rng.choice(alive[loser])
        shooters = _shooters(scene.rng, loser, fallen, alive, dials)
        if not shooters:
            continue
        value = 10 ** scene.rng.gauss(7.2, 0.8)
        scene.add(at.later(offset), victim(fallen), shooters, value)
        if scene.rng.random() < dials.capsules:
            delay = scene.rng.lognormvariate(4.4, 0.5)
            scene.add(at.later(offset + delay), victim(fallen, CAPSULE, 29), shooters[:3], 1e5)
        if scene.rng.random() > dials.reships and len(alive[loser]) > 2:
            alive[loser].remove(fallen)


def _shooters(rng: Random, loser: int, fallen: Pilot, alive: list[list[Pilot]], dials: Dials) -> list[Attacker]:
    hostile = [
        s for s in range(len(alive)) if s != loser and alive[s] and loser in dials.enemies.get(s, range(len(alive)))
    ]
    if not hostile:
        return []
    lead = rng.choices(hostile, [len(alive[s]) for s in hostile])[0]
    wanted = min(max(1, round(rng.lognormvariate(*dials.attackers))), len(alive[lead]))
    people = rng.sample(alive[lead], wanted)
    for other in hostile:
        if other != lead and rng.random() < dials.joins:
            people += rng.sample(alive[other], min(len(alive[other]), 1 + wanted // 4))
    mates = [pilot for pilot in alive[loser] if pilot != fallen]
    if mates and rng.random() < dials.friendly_fire:
        people += rng.sample(mates, min(len(mates), rng.randint(1, 3)))
    rows = [attacker(pilot, 0 if rng.random() < 0.24 else round(rng.lognormvariate(6, 1))) for pilot in people]
    rng.shuffle(rows)
    return rows


def rhythm(rng: Random, mails: int, minutes: float) -> list[float]:
    """Bursts and pauses: gaps are log-normal, and their sum is the fight's length."""
    gaps = [rng.lognormvariate(0, 1.2) for _ in range(mails)]
    scale = minutes * 60 / max(sum(gaps), 1e-9)
    times, now = [], 0.0
    for gap in gaps:
        now += min(gap * scale, 240.0)
        times.append(now)
    return times


def noise(scene: Scene, systems: Sequence[int], hours: float, mails: int) -> None:
    """Strangers' solo kills are battles of their own; ratters' losses, tractor units and police belong to nobody."""
    for _ in range(mails):
        time, system = scene.rng.uniform(0, hours * 3600), scene.rng.choice(systems)
        lost, hunter = scene.fleet(1)[0], scene.fleet(1)[0]
        kind = scene.rng.random()
        if kind < 0.4:
            scene.add(Place(None, system, time), victim(lost), [npc()], 2e7)
        elif kind < 0.5:
            scene.add(
                Place(None, system, time), victim(lost, 33475, 1250, 22), [attacker(hunter, 900, final=True)], 8e6
            )
        else:
            scene.add(
                Place(1_000_000 + scene.next(), system, time), victim(lost), [attacker(hunter, 900, final=True)], 2e7
            )
