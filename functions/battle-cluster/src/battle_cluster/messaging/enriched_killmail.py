"""What the battle context takes from an enriched killmail, and the compact form in which it keeps it.

The stored form is a JSON array of arrays without names: a mail with thirty attackers takes about two kilobytes.
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final, NamedTuple

import orjson

from battle_cluster.domain.battle import Location, StoredKillmail
from battle_cluster.domain.killmail import Attacker, Killmail, Party, PartyKind, Victim
from battle_cluster.domain.parties import party_of, pilot_of
from battlescope_schemas.enriched import EnrichedAttacker, EnrichedKillmail, EnrichedVictim
from battlescope_schemas.enriched import Party as Ids
from battlescope_schemas.reference import Source

_KINDS: Final = tuple(PartyKind)
_KIND_NUMBER: Final = {kind: number for number, kind in enumerate(_KINDS)}


class Name(NamedTuple):
    """A name for display; `entity_type` is the table's own word."""

    entity_type: str
    id: int
    name: str


@dataclass(frozen=True, slots=True)
class IncomingKillmail:
    """A mail as it is heard: what grouping needs, and what only the battle's page needs."""

    mail: Killmail
    place: Location
    value: Decimal
    names: frozenset[Name]

    @property
    def stored(self) -> StoredKillmail:
        return StoredKillmail(self.mail, self.place)


def from_event(data: EnrichedKillmail) -> IncomingKillmail:
    return IncomingKillmail(
        mail=mail_of(data),
        place=Location(data.system_id, data.region_id, data.security_type, data.source is Source.HISTORICAL),
        value=data.zkb_total_value or Decimal(0),
        names=names_in(data),
    )


def mail_of(data: EnrichedKillmail) -> Killmail:
    return Killmail(
        killmail_id=data.killmail_id,
        time=int(data.killmail_time.timestamp()),
        system_id=data.system_id,
        value=float(data.zkb_total_value or 0),
        victim=_victim(data.victim),
        attackers=tuple(map(_attacker, data.attackers)),
        nearby_system_ids=frozenset(data.nearby_system_ids) - {data.system_id},
    )


def names_in(data: EnrichedKillmail) -> frozenset[Name]:
    """Every name the mail brings along."""
    names = {Name("system", data.system_id, data.system_name), Name("region", data.region_id, data.region_name)}
    add = names.add
    for ids in (data.victim, *data.attackers):
        if ids.character_id and ids.character_name:
            add(Name("character", ids.character_id, ids.character_name))
        if ids.corporation_id and ids.corporation_name:
            add(Name("corporation", ids.corporation_id, ids.corporation_name))
        if ids.alliance_id and ids.alliance_name:
            add(Name("alliance", ids.alliance_id, ids.alliance_name))
        if ids.faction_id and ids.faction_name:
            add(Name("faction", ids.faction_id, ids.faction_name))
        if ids.ship_type_id and ids.ship_type_name:
            add(Name("ship_type", ids.ship_type_id, ids.ship_type_name))
    return frozenset(names)


def _party_of(ids: Ids) -> Party | None:
    return party_of(ids.character_id, ids.corporation_id, ids.alliance_id, ids.faction_id)


def _victim(ids: EnrichedVictim) -> Victim:
    return Victim(
        character_id=pilot_of(ids.character_id),
        corporation_id=ids.corporation_id,
        alliance_id=ids.alliance_id,
        party=_party_of(ids),
        ship_type_id=ids.ship_type_id or 0,
        ship_group_id=ids.ship_group_id,
        ship_category_id=ids.ship_category_id,
    )


def _attacker(ids: EnrichedAttacker) -> Attacker:
    return Attacker(
        character_id=pilot_of(ids.character_id),
        corporation_id=ids.corporation_id,
        alliance_id=ids.alliance_id,
        party=_party_of(ids),
        ship_type_id=ids.ship_type_id,
        damage_done=ids.damage_done,
        final_blow=ids.final_blow,
    )


def encode(mail: Killmail) -> bytes:
    """The part of a mail that has no column of its own."""
    victim = mail.victim
    body = [
        [*_packed_ids(victim), victim.ship_type_id, victim.ship_group_id, victim.ship_category_id],
        [[*_packed_ids(a), a.ship_type_id, a.damage_done, int(a.final_blow)] for a in mail.attackers],
        sorted(mail.nearby_system_ids),
    ]
    return orjson.dumps(body)


def _packed_ids(who: Victim | Attacker) -> list[int | None]:
    party = who.party
    kind, party_id = (_KIND_NUMBER[party.kind], party.id) if party else (None, None)
    return [who.character_id, who.corporation_id, who.alliance_id, kind, party_id]


def decode(killmail_id: int, occurred_at: datetime, system_id: int, value: float, body: bytes) -> Killmail:
    """The mail as it was before it was packed."""
    victim, attackers, nearby = orjson.loads(body)
    return Killmail(
        killmail_id=killmail_id,
        time=int(occurred_at.timestamp()),
        system_id=system_id,
        value=value,
        victim=Victim(victim[0], victim[1], victim[2], _party(victim), victim[5], victim[6], victim[7]),
        attackers=tuple(Attacker(a[0], a[1], a[2], _party(a), a[5], a[6], bool(a[7])) for a in attackers),
        nearby_system_ids=frozenset(nearby),
    )


def _party(packed: list[Any]) -> Party | None:
    return None if packed[3] is None else Party(_KINDS[packed[3]], packed[4])
