"""Simulated fights with ground truth: the battle of each killmail and the side of each party.

`layouts.py` has the distributions of size and length. 35 % of ship losses are followed by a capsule after about 79
seconds, the number of attackers is log-normal (ln mu .90, sigma 1.08), and 24 % of attackers did no damage.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import count
from random import Random

from battle_cluster.domain.killmail import Attacker, Killmail, Party, PartyKind, Victim

START = 1_638_000_000
SHIP, CAPSULE, SHUTTLE, CITADEL, TRACTOR = 587, 670, 672, 35832, 33475
NPC_CORPORATION, CONCORD = 1_000_127, 1_000_125
STARTER_CORPORATION = 1_000_165
"""An NPC corporation with players, so it is no party: each belongs to a militia or is alone."""


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
        if self.corporation_id != STARTER_CORPORATION:
            return Party(PartyKind.CORPORATION, self.corporation_id)
        if self.militia is not None:
            return Party(PartyKind.FACTION, self.militia)
        return Party(PartyKind.CHARACTER, self.character_id)


@dataclass
class FightSettings:
    """Properties that make a fight difficult to analyse; probabilities are per killmail.

    friendly_fire: pilots of the victim's side are among the attackers.
    awox: a pilot of the victim's party is the only attacker.
    stomped: the only sides with losses, if there are any.
    immortal: sides without losses.
    enemies: the sides that a side attacks; all others by default.
    kill_steals: another hostile side is among the attackers.
    capsules: the victim's capsule is lost too.
    reships: the victim comes back in another ship.
    attackers: log-normal parameters of the number of attackers.
    attendance: the median share of a side on a killmail, instead of `attackers`.
    regulars: a pilot of the side's previous killmail is on this one.
    rats: NPCs are among the attackers, as on 14 % of real PvP killmails.
    """

    friendly_fire: float = 0.0
    awox: float = 0.0
    stomped: frozenset[int] = frozenset()
    immortal: frozenset[int] = frozenset()
    enemies: dict[int, tuple[int, ...]] = field(default_factory=dict)
    kill_steals: float = 0.0
    capsules: float = 0.35
    reships: float = 0.1
    attackers: tuple[float, float] = (0.90, 1.08)
    attendance: float | None = None
    regulars: float = 0.0
    rats: float = 0.14


DEFAULT_SETTINGS = FightSettings()


@dataclass(frozen=True)
class FightLocation:
    """The true battle, the system, and the seconds since the start of the scene."""

    battle: int | None
    system: int
    time: float

    def later(self, seconds: float) -> "FightLocation":
        return replace(self, time=self.time + seconds)


@dataclass
class Scene:
    """Killmails with their ground truth: battle by killmail id, side by battle and party, sides of third parties.

    A killmail without a battle is noise and belongs to no other.
    """

    rng: Random
    killmails: list[Killmail] = field(default_factory=list)
    battle_of: dict[int, int] = field(default_factory=dict)
    side_of: dict[int, dict[Party, int]] = field(default_factory=dict)
    third_party_sides: frozenset[int] = frozenset()
    ids: Iterable[int] = field(default_factory=lambda: count(1))
    nearby: dict[int, frozenset[int]] = field(default_factory=dict)

    def next_id(self) -> int:
        return next(iter(self.ids))

    def fleet(self, size: int, parties: int = 1, *, alliances: bool = True) -> list[Pilot]:
        """Pilots of new parties, the first the largest: about half of the pilots with four parties, as on real days."""
        party_ids = [(100 + self.next_id()) * 1000 for _ in range(parties)]
        return [
            Pilot(self.next_character_id(), party_id + 98_000_000, party_id + 99_000_000 if alliances else None)
            for party_id in self._party_of_each(party_ids, size)
        ]

    def recruits(self, size: int, alliances: Sequence[int]) -> list[Pilot]:
        """New pilots of existing alliances."""
        return [
            Pilot(self.next_character_id(), alliance - 1_000_000, alliance)
            for alliance in self._party_of_each(alliances, size)
        ]

    def militia(self, size: int, faction: int) -> list[Pilot]:
        return [Pilot(self.next_character_id(), STARTER_CORPORATION, None, faction) for _ in range(size)]

    def loners(self, size: int) -> list[Pilot]:
        return [Pilot(self.next_character_id(), STARTER_CORPORATION) for _ in range(size)]

    def next_character_id(self) -> int:
        return 9_000_000 + self.next_id()

    def _party_of_each(self, parties: Sequence[int], size: int) -> list[int]:
        weights = [1 / (rank + 1) for rank in range(len(parties))]
        return [*parties, *self.rng.choices(parties, weights, k=max(0, size - len(parties)))][:size]

    def connect(self, systems: Iterable[int]) -> None:
        """Make each of the systems adjacent to each other one."""
        connected = frozenset(systems)
        self.nearby |= {system: connected - {system} for system in connected}

    def add(self, location: FightLocation, victim: Victim, attackers: Iterable[Attacker], value: float) -> Killmail:
        killmail = Killmail(
            10_000_000 + self.next_id(),
            START + round(location.time),
            location.system,
            round(value, 2),
            victim,
            tuple(attackers),
            self.nearby.get(location.system, frozenset()),
        )
        self.killmails.append(killmail)
        if location.battle is not None:
            self.battle_of[killmail.killmail_id] = location.battle
        return killmail


def attacker(pilot: Pilot, damage: int, *, final: bool = False, ship: int | None = SHIP) -> Attacker:
    return Attacker(pilot.character_id, pilot.corporation_id, pilot.alliance_id, pilot.party, ship, damage, final)


def victim(pilot: Pilot, ship: int = SHIP, group: int = 25, category: int = 6) -> Victim:
    return Victim(pilot.character_id, pilot.corporation_id, pilot.alliance_id, pilot.party, ship, group, category)


def npc(corporation_id: int = NPC_CORPORATION, *, final: bool = True) -> Attacker:
    return Attacker(None, corporation_id, None, None, None, 500, final)


def fight(
    scene: Scene,
    location: FightLocation,
    times: Sequence[float],
    sides: Sequence[list[Pilot]],
    settings: FightSettings = DEFAULT_SETTINGS,
) -> None:
    """Add one engagement; `times` are seconds after its start."""
    truth = scene.side_of.setdefault(location.battle or 0, {})
    for number, fleet in enumerate(sides):
        truth.update((pilot.party, number) for pilot in fleet)
    alive = [list(fleet) for fleet in sides]
    last: dict[int, list[Pilot]] = {}
    for offset in sorted(times):
        losing = [s for s in range(len(sides)) if alive[s] and _has_losses(s, settings)]
        if not losing:
            return
        loser = scene.rng.choices(losing, [len(alive[s]) for s in losing])[0]
        lost_pilot = scene.rng.choice(alive[loser])
        attackers = _attackers(
            scene.rng, _attacking_pilots(scene.rng, loser, lost_pilot, alive, settings=settings, last=last), settings
        )
        if not attackers:
            continue
        scene.add(location.later(offset), victim(lost_pilot), attackers, 10 ** scene.rng.gauss(7.2, 0.8))
        if scene.rng.random() < settings.capsules:
            delay = scene.rng.lognormvariate(4.4, 0.5)
            scene.add(location.later(offset + delay), victim(lost_pilot, CAPSULE, 29), attackers[:3], 1e5)
        if scene.rng.random() > settings.reships and len(alive[loser]) > 2:
            alive[loser].remove(lost_pilot)


def _has_losses(side: int, settings: FightSettings) -> bool:
    return side not in settings.immortal and (side in settings.stomped or not settings.stomped)


def _attacking_pilots(
    rng: Random,
    loser: int,
    lost_pilot: Pilot,
    alive: list[list[Pilot]],
    *,
    settings: FightSettings,
    last: dict[int, list[Pilot]],
) -> list[Pilot]:
    mates = [pilot for pilot in alive[loser] if pilot != lost_pilot]
    traitors = [pilot for pilot in mates if pilot.party == lost_pilot.party]
    if traitors and rng.random() < settings.awox:
        return [traitors[0]]
    hostile = [
        s for s in range(len(alive)) if s != loser and alive[s] and loser in settings.enemies.get(s, range(len(alive)))
    ]
    if not hostile:
        return []
    leading = rng.choices(hostile, [len(alive[s]) for s in hostile])[0]
    pilots = _sample_attackers(rng, alive[leading], settings)
    regulars = [pilot for pilot in last.get(leading, ()) if pilot in alive[leading]]
    if regulars and not set(regulars) & set(pilots) and rng.random() < settings.regulars:
        pilots[0] = rng.choice(regulars)
    last[leading] = pilots
    for other in hostile:
        if other != leading and rng.random() < settings.kill_steals:
            pilots = pilots + rng.sample(alive[other], min(len(alive[other]), 1 + len(pilots) // 4))
    if mates and rng.random() < settings.friendly_fire:
        pilots = pilots + rng.sample(mates, min(len(mates), rng.randint(1, 3)))
    return pilots


def _sample_attackers(rng: Random, fleet: list[Pilot], settings: FightSettings) -> list[Pilot]:
    if settings.attendance is None:
        count = round(rng.lognormvariate(*settings.attackers))
    else:
        count = round(len(fleet) * settings.attendance * rng.lognormvariate(0, 0.6))
    return rng.sample(fleet, min(max(1, count), len(fleet)))


def _attackers(rng: Random, pilots: Iterable[Pilot], settings: FightSettings) -> list[Attacker]:
    rows = [attacker(pilot, 0 if rng.random() < 0.24 else round(rng.lognormvariate(6, 1))) for pilot in pilots]
    rng.shuffle(rows)
    return [*rows, npc(final=False)] if rows and rng.random() < settings.rats else rows
