"""What each side and each party of it killed and lost. Every loss counts once, for the loser."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import NamedTuple

from battle_cluster.domain.isk import decimal, efficiency, prorate, to_cents
from battle_cluster.domain.killmail import Killmail, Party
from battle_cluster.sides.assignment import Sides
from battle_cluster.statistics.participants import CAPSULES, Participant, is_capsule


class ShipTypeCount(NamedTuple):
    """How many were seen flown (each pilot and hull once, structures by loss) and how many were lost."""

    ship_type_id: int
    flown: int
    lost: int


class PartyTotals(NamedTuple):
    """`isk_destroyed` counts each mail the party is on whole, so parties do not add up to their side."""

    party: Party
    pilots: int
    kills: int
    losses: int
    isk_destroyed: Decimal
    isk_lost: Decimal


class SideTotals(NamedTuple):
    """One side, or with `side_id` None everybody who is on none. Pilots seen on killmails: a lower bound."""

    side_id: int | None
    pilots: int
    kills: int
    losses: int
    ships_destroyed: int
    ships_lost: int
    isk_destroyed: Decimal
    isk_lost: Decimal
    efficiency: float
    hulls: tuple[ShipTypeCount, ...]
    parties: tuple[PartyTotals, ...]


class Loss(NamedTuple):
    """A mail with its sides worked out: who lost, which other sides shot, by damage, and each shooting party."""

    mail: Killmail
    amount: int
    side_id: int | None
    shooters: Mapping[int, int]
    hunters: frozenset[tuple[int | None, Party]]


def loss(mail: Killmail, sides: Sides) -> Loss:
    own = sides.side_of(mail.victim.party, mail.victim.character_id)
    dealt: dict[int, int] = {}
    hunters: set[tuple[int | None, Party]] = set()
    for side, party, damage in _shots(mail, sides):
        if side is None or side != own:
            hunters.add((side, party))
        if side is not None and side != own:
            dealt[side] = dealt.get(side, 0) + damage
    if not any(dealt.values()):
        dealt = dict.fromkeys(dealt, 1)
    return Loss(mail, to_cents(mail.value), own, dealt, frozenset(hunters))


def _shots(mail: Killmail, sides: Sides) -> Iterator[tuple[int | None, Party, int]]:
    """Side, party and damage: by party, and by person only where people of a party stood on several sides."""
    if not any(party in mail.damage_by_party for party, _ in sides.by_pilot):
        yield from ((sides.by_party.get(party), party, damage) for party, damage in mail.damage_by_party.items())
        return
    for attacker in mail.attackers:
        if attacker.party is not None:
            side = sides.side_of(attacker.party, attacker.character_id)
            yield side, attacker.party, max(attacker.damage_done, 0)


def isk_destroyed_by_side(found: Iterable[Loss], side_ids: Sequence[int]) -> dict[int, int]:
    """Of two sides each destroyed what the other lost; among more, or from outsiders, by share of the damage."""
    sums = dict.fromkeys(side_ids, 0)
    for one in found:
        others = [side for side in side_ids if side != one.side_id]
        if one.side_id is not None and len(others) == 1:
            sums[others[0]] += one.amount
        else:
            for side, part in prorate(one.amount, one.shooters).items():
                sums[side] += part
    return sums


@dataclass(slots=True)
class _Tally:
    """Sums of one side while losses and people are read once."""

    pilots: int = 0
    kills: int = 0
    losses: int = 0
    ships_destroyed: int = 0
    ships_lost: int = 0
    lost: int = 0
    hulls_flown: Counter[int] = field(default_factory=Counter[int])
    hulls_lost: Counter[int] = field(default_factory=Counter[int])
    party_pilots: Counter[Party] = field(default_factory=Counter[Party])
    party_kills: Counter[Party] = field(default_factory=Counter[Party])
    party_losses: Counter[Party] = field(default_factory=Counter[Party])
    party_won: Counter[Party] = field(default_factory=Counter[Party])
    party_lost: Counter[Party] = field(default_factory=Counter[Party])

    def add_loss(self, one: Loss) -> None:
        victim = one.mail.victim
        self.losses += 1
        self.lost += one.amount
        if not is_capsule(victim):
            self.ships_lost += 1
            self.hulls_lost[victim.ship_type_id] += 1
            self.hulls_flown[victim.ship_type_id] += victim.character_id is None
        if victim.party is not None:
            self.party_losses[victim.party] += 1
            self.party_lost[victim.party] += one.amount

    def add_kill(self, one: Loss) -> None:
        self.kills += 1
        self.ships_destroyed += not is_capsule(one.mail.victim)

    def add_party_kill(self, party: Party, one: Loss) -> None:
        self.party_kills[party] += 1
        self.party_won[party] += one.amount

    def add_participant(self, person: Participant) -> None:
        self.pilots += 1
        if person.party is not None:
            self.party_pilots[person.party] += 1
        for ship in person.ships:
            if ship.ship_type_id not in CAPSULES:
                self.hulls_flown[ship.ship_type_id] += 1


def side_accounts(found: Sequence[Loss], sides: Sides, people: Iterable[Participant]) -> tuple[SideTotals, ...]:
    """Numbered sides in order, then those on none, where there are any."""
    side_ids = [side.side_id for side in sides.sides]
    gained = isk_destroyed_by_side(found, side_ids)
    tallies = _tallied(found, people)
    accounts = [_account(side, gained[side], tallies.get(side, _Tally())) for side in side_ids]
    rest = tallies.get(None, _Tally())
    return (*accounts, _account(None, 0, rest)) if rest.pilots or rest.losses else tuple(accounts)


def _tallied(found: Iterable[Loss], people: Iterable[Participant]) -> dict[int | None, _Tally]:
    tallies: dict[int | None, _Tally] = defaultdict(_Tally)
    for one in found:
        tallies[one.side_id].add_loss(one)
        for side in one.shooters:
            tallies[side].add_kill(one)
        for side, party in one.hunters:
            if party != one.mail.victim.party:
                tallies[side].add_party_kill(party, one)
    for person in people:
        tallies[person.side_id].add_participant(person)
    return tallies


def _account(side_id: int | None, gained: int, tally: _Tally) -> SideTotals:
    return SideTotals(
        side_id=side_id,
        pilots=tally.pilots,
        kills=tally.kills,
        losses=tally.losses,
        ships_destroyed=tally.ships_destroyed,
        ships_lost=tally.ships_lost,
        isk_destroyed=decimal(gained),
        isk_lost=decimal(tally.lost),
        efficiency=efficiency(gained, tally.lost),
        hulls=_hulls(tally),
        parties=_parties(tally),
    )


def _hulls(tally: _Tally) -> tuple[ShipTypeCount, ...]:
    flown, lost = tally.hulls_flown, tally.hulls_lost
    return tuple(
        ShipTypeCount(ship, flown[ship], lost[ship]) for ship in sorted(flown, key=lambda ship: (-flown[ship], ship))
    )


def _parties(tally: _Tally) -> tuple[PartyTotals, ...]:
    pilots, kills, fallen = tally.party_pilots, tally.party_kills, tally.party_losses
    ranked = sorted(pilots.keys() | fallen.keys() | kills.keys(), key=lambda one: (-pilots[one], -kills[one], one))
    return tuple(
        PartyTotals(
            one, pilots[one], kills[one], fallen[one], decimal(tally.party_won[one]), decimal(tally.party_lost[one])
        )
        for one in ranked
    )
