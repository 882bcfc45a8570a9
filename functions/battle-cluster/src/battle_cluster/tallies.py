"""What each side and each party of it killed and lost. Every loss counts once, for the loser."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from battle_cluster.isk import decimal, efficiency, hundredths, split
from battle_cluster.mails import Mail, Party
from battle_cluster.participants import CAPSULES, Participant, is_capsule
from battle_cluster.sides import Sides


@dataclass(frozen=True, slots=True)
class Hull:
    """How many were seen flown (each pilot and hull once, structures by loss) and how many were lost."""

    ship_type_id: int
    flown: int
    lost: int


@dataclass(frozen=True, slots=True)
class PartyAccount:
    """`isk_destroyed` counts each mail the party is on whole, so parties do not add up to their side."""

    party: Party
    pilots: int
    kills: int
    losses: int
    isk_destroyed: Decimal
    isk_lost: Decimal


@dataclass(frozen=True, slots=True)
class SideAccount:
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
    hulls: tuple[Hull, ...]
    parties: tuple[PartyAccount, ...]


@dataclass(frozen=True, slots=True)
class Loss:
    """A mail with its sides worked out: who lost, which other sides shot, by damage, and each shooting party."""

    mail: Mail
    amount: int
    side_id: int | None
    shooters: Mapping[int, int]
    hunters: frozenset[tuple[int | None, Party]]


def losses(mails: Iterable[Mail], sides: Sides) -> tuple[Loss, ...]:
    return tuple(_loss(mail, sides) for mail in mails)


def _loss(mail: Mail, sides: Sides) -> Loss:
    own = sides.side_of(mail.victim.party, mail.victim.character_id)
    damage: dict[int, int] = {}
    hunters: set[tuple[int | None, Party]] = set()
    by_pilot, by_party = sides.by_pilot, sides.by_party
    for attacker in mail.attackers:
        party = attacker.party
        if party is None:
            continue
        side = by_party.get(party)
        if by_pilot and attacker.character_id is not None:
            side = by_pilot.get((party, attacker.character_id), side)
        if side is None or side != own:
            hunters.add((side, party))
        if side is not None and side != own:
            damage[side] = damage.get(side, 0) + max(attacker.damage_done, 0)
    if not any(damage.values()):
        damage = dict.fromkeys(damage, 1)
    return Loss(mail, hundredths(mail.value), own, damage, frozenset(hunters))


def destroyed(found: Iterable[Loss], side_ids: Sequence[int]) -> dict[int, int]:
    """Of two sides each destroyed what the other lost; among more, or from outsiders, by share of the damage."""
    sums = dict.fromkeys(side_ids, 0)
    for loss in found:
        others = [side for side in side_ids if side != loss.side_id]
        if loss.side_id is not None and len(others) == 1:
            sums[others[0]] += loss.amount
        else:
            for side, part in split(loss.amount, loss.shooters).items():
                sums[side] += part
    return sums


def side_accounts(found: Sequence[Loss], sides: Sides, people: Sequence[Participant]) -> tuple[SideAccount, ...]:
    """Numbered sides in order, then those on none, where there are any."""
    side_ids = [side.side_id for side in sides.sides]
    gained = destroyed(found, side_ids)
    accounts = [_account(side, gained.get(side, 0), found, people) for side in side_ids]
    rest = _account(None, 0, found, people)
    return (*accounts, rest) if rest.pilots or rest.losses else tuple(accounts)


def _account(side_id: int | None, gained: int, found: Sequence[Loss], people: Sequence[Participant]) -> SideAccount:
    own = [loss for loss in found if loss.side_id == side_id]
    kills = [loss for loss in found if side_id in loss.shooters]
    lost = sum(loss.amount for loss in own)
    crew = [person for person in people if person.side_id == side_id]
    return SideAccount(
        side_id=side_id,
        pilots=len(crew),
        kills=len(kills),
        losses=len(own),
        ships_destroyed=sum(not is_capsule(loss.mail.victim) for loss in kills),
        ships_lost=sum(not is_capsule(loss.mail.victim) for loss in own),
        isk_destroyed=decimal(gained),
        isk_lost=decimal(lost),
        efficiency=efficiency(gained, lost),
        hulls=_hulls(own, crew),
        parties=_parties(side_id, own, found, crew),
    )


def _hulls(own: Iterable[Loss], crew: Iterable[Participant]) -> tuple[Hull, ...]:
    flown = Counter(ship.ship_type_id for person in crew for ship in person.ships if ship.ship_type_id not in CAPSULES)
    lost: Counter[int] = Counter()
    for loss in own:
        victim = loss.mail.victim
        if not is_capsule(victim):
            lost[victim.ship_type_id] += 1
            flown[victim.ship_type_id] += victim.character_id is None
    ranked = sorted(flown, key=lambda ship: (-flown[ship], ship))
    return tuple(Hull(ship, flown[ship], lost[ship]) for ship in ranked)


def _parties(
    side_id: int | None, own: Iterable[Loss], found: Iterable[Loss], crew: Iterable[Participant]
) -> tuple[PartyAccount, ...]:
    pilots = Counter(person.party for person in crew if person.party is not None)
    lost: Counter[Party] = Counter()
    fallen: Counter[Party] = Counter()
    for loss in own:
        if loss.mail.victim.party is not None:
            lost[loss.mail.victim.party] += loss.amount
            fallen[loss.mail.victim.party] += 1
    won: Counter[Party] = Counter()
    kills: Counter[Party] = Counter()
    for loss in found:
        for side, party in loss.hunters:
            if side == side_id and party != loss.mail.victim.party:
                won[party] += loss.amount
                kills[party] += 1
    ranked = sorted(pilots.keys() | fallen.keys() | kills.keys(), key=lambda one: (-pilots[one], -kills[one], one))
    return tuple(
        PartyAccount(one, pilots[one], kills[one], fallen[one], decimal(won[one]), decimal(lost[one])) for one in ranked
    )
