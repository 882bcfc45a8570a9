"""Invented fights with known truth: which mails are one battle, and who stood on which side.

How they are shaped is in `shapes.py`; 35 in 100 ship losses are followed by a capsule after about 79 seconds, the
attackers of a mail are log-normal (ln mu .90, sigma 1.08), 24 in 100 of them did no damage.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import count
from random import Random

from battle_cluster.domain.killmail import Attacker, Killmail, Party, PartyKind, Victim

START = 1_638_000_000
SHIP, CAPSULE, SHUTTLE, CITADEL, TRACTOR = 587, 670, 672, 35832, 33475
NPC_CORPORATION, CONCORD = 1_000_127, 1_000_125
SCHOOL = 1_000_165
"""A player's corporation that is no party: its people stand for themselves or for a militia."""


@dataclass(frozen=True)
class Pilot:
    character_id: int
    corporation_id: int
    alliance_id: int | None = None
    militia: int | None = None

    @property
    def party(self) -> Party:
        if self.alliance_id is not None:
            return Party(PartyKind.ALLIANCE, self.alliance_id)
        if self.corporation_id != SCHOOL:
            return Party(PartyKind.CORPORATION, self.corporation_id)
        if self.militia is not None:
            return Party(PartyKind.FACTION, self.militia)
        return Party(PartyKind.CHARACTER, self.character_id)


@dataclass
class Dials:
    """What makes a fight hard to read. `stomped` sides are the only ones that die; `quiet` sides never die.

    friendly_fire: chance that people of the victim's own side are among the attackers.
    awox: chance that a mail is a pilot of the loser's own party alone.
    joins: chance that another hostile side is on the mail as well, as who steals a kill is.
    enemies: by side, whom it shoots; everybody where it is not named.
    regulars: chance that somebody of the side's last mail is on this one too.
    attendance: the median part of a side that is on a mail, instead of a number of attackers.
    rats: chance that NPCs shoot as well: on 14 % of real PvP mails.
    """

    friendly_fire: float = 0.0
    awox: float = 0.0
    stomped: frozenset[int] = frozenset()
    quiet: frozenset[int] = frozenset()
    enemies: dict[int, tuple[int, ...]] = field(default_factory=dict)
    joins: float = 0.0
    capsules: float = 0.35
    reships: float = 0.1
    attackers: tuple[float, float] = (0.90, 1.08)
    attendance: float | None = None
    regulars: float = 0.0
    rats: float = 0.14


GENTLE = Dials()


@dataclass(frozen=True)
class Place:
    """Which true battle, where, and how many seconds after the evening began."""

    battle: int | None
    system: int
    time: float

    def later(self, seconds: float) -> "Place":
        return replace(self, time=self.time + seconds)


@dataclass
class Scene:
    """Mails with their truth: battle by killmail id, side by battle and party, which sides are third parties.

    Mails without a battle are noise: each belongs to nothing else.
    """

    rng: Random
    mails: list[Killmail] = field(default_factory=list)
    battle: dict[int, int] = field(default_factory=dict)
    side: dict[int, dict[Party, int]] = field(default_factory=dict)
    third: frozenset[int] = frozenset()
    ids: Iterable[int] = field(default_factory=lambda: count(1))
    near: dict[int, frozenset[int]] = field(default_factory=dict)

    def next(self) -> int:
        return next(iter(self.ids))

    def fleet(self, size: int, parties: int = 1, *, alliances: bool = True) -> list[Pilot]:
        """Pilots of several parties, the first being the largest: about half of four, as on real days."""
        bounds = [(100 + self.next()) * 1000 for _ in range(parties)]
        homes = self._homes(bounds, size)
        return [Pilot(self.person(), h + 98_000_000, h + 99_000_000 if alliances else None) for h in homes]

    def recruits(self, size: int, alliances: Sequence[int]) -> list[Pilot]:
        """New people of parties that others have fought for before."""
        return [Pilot(self.person(), one - 1_000_000, one) for one in self._homes(alliances, size)]

    def militia(self, size: int, faction: int) -> list[Pilot]:
        return [Pilot(self.person(), SCHOOL, None, faction) for _ in range(size)]

    def loners(self, size: int) -> list[Pilot]:
        return [Pilot(self.person(), SCHOOL) for _ in range(size)]

    def person(self) -> int:
        return 9_000_000 + self.next()

    def _homes(self, parties: Sequence[int], size: int) -> list[int]:
        weights = [1 / (rank + 1) for rank in range(len(parties))]
        return [*parties, *self.rng.choices(parties, weights, k=max(0, size - len(parties)))][:size]

    def border(self, systems: Iterable[int]) -> None:
        """Each of the systems is close to each other one."""
        route = frozenset(systems)
        self.near |= {system: route - {system} for system in route}

    def add(self, place: Place, victim: Victim, attackers: Iterable[Attacker], value: float) -> Killmail:
        mail = Killmail(
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


def npc(corporation_id: int = NPC_CORPORATION, *, final: bool = True) -> Attacker:
    return Attacker(None, corporation_id, None, None, None, 500, final)


def fight(scene: Scene, at: Place, times: Sequence[float], sides: Sequence[list[Pilot]], dials: Dials = GENTLE) -> None:
    """One engagement; `times` are seconds after its start."""
    truth = scene.side.setdefault(at.battle or 0, {})
    for number, fleet in enumerate(sides):
        truth.update((pilot.party, number) for pilot in fleet)
    alive = [list(fleet) for fleet in sides]
    last: dict[int, list[Pilot]] = {}
    for offset in sorted(times):
        mortal = [s for s in range(len(sides)) if alive[s] and _is_mortal(s, dials)]
        if not mortal:
            return
        loser = scene.rng.choices(mortal, [len(alive[s]) for s in mortal])[0]
        fallen = scene.rng.choice(alive[loser])
        shooters = _rows(scene.rng, _shooters(scene.rng, loser, fallen, alive, dials=dials, last=last), dials)
        if not shooters:
            continue
        scene.add(at.later(offset), victim(fallen), shooters, 10 ** scene.rng.gauss(7.2, 0.8))
        if scene.rng.random() < dials.capsules:
            delay = scene.rng.lognormvariate(4.4, 0.5)
            scene.add(at.later(offset + delay), victim(fallen, CAPSULE, 29), shooters[:3], 1e5)
        if scene.rng.random() > dials.reships and len(alive[loser]) > 2:
            alive[loser].remove(fallen)


def _is_mortal(side: int, dials: Dials) -> bool:
    return side not in dials.quiet and (side in dials.stomped or not dials.stomped)


def _shooters(
    rng: Random, loser: int, fallen: Pilot, alive: list[list[Pilot]], *, dials: Dials, last: dict[int, list[Pilot]]
) -> list[Pilot]:
    mates = [pilot for pilot in alive[loser] if pilot != fallen]
    traitors = [pilot for pilot in mates if pilot.party == fallen.party]
    if traitors and rng.random() < dials.awox:
        return [traitors[0]]
    hostile = [
        s for s in range(len(alive)) if s != loser and alive[s] and loser in dials.enemies.get(s, range(len(alive)))
    ]
    if not hostile:
        return []
    lead = rng.choices(hostile, [len(alive[s]) for s in hostile])[0]
    people = _volley(rng, alive[lead], dials)
    known = [pilot for pilot in last.get(lead, ()) if pilot in alive[lead]]
    if known and not set(known) & set(people) and rng.random() < dials.regulars:
        people[0] = rng.choice(known)
    last[lead] = people
    for other in hostile:
        if other != lead and rng.random() < dials.joins:
            people = people + rng.sample(alive[other], min(len(alive[other]), 1 + len(people) // 4))
    if mates and rng.random() < dials.friendly_fire:
        people = people + rng.sample(mates, min(len(mates), rng.randint(1, 3)))
    return people


def _volley(rng: Random, fleet: list[Pilot], dials: Dials) -> list[Pilot]:
    if dials.attendance is None:
        wanted = round(rng.lognormvariate(*dials.attackers))
    else:
        wanted = round(len(fleet) * dials.attendance * rng.lognormvariate(0, 0.6))
    return rng.sample(fleet, min(max(1, wanted), len(fleet)))


def _rows(rng: Random, people: Iterable[Pilot], dials: Dials) -> list[Attacker]:
    rows = [attacker(pilot, 0 if rng.random() < 0.24 else round(rng.lognormvariate(6, 1))) for pilot in people]
    rng.shuffle(rows)
    return [*rows, npc(final=False)] if rows and rng.random() < dials.rats else rows
