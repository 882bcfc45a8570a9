"""The compact form in which the table `mails` stores a killmail.

It is a JSON array of arrays without field names: a killmail with thirty attackers takes about two kilobytes.
"""

from datetime import datetime
from typing import Any, Final, NamedTuple

import orjson

from battle_cluster.domain.killmail import Attacker, Killmail, Party, PartyKind, Victim

_KINDS: Final = tuple(PartyKind)
_KIND_INDEX: Final = {kind: index for index, kind in enumerate(_KINDS)}


def encode(killmail: Killmail) -> str:
    """The fields of a killmail that have no column of their own: numbers only."""
    victim = killmail.victim
    body = [
        [*_encoded_ids(victim), victim.ship_type_id, victim.ship_group_id, victim.ship_category_id],
        [[*_encoded_ids(a), a.ship_type_id, a.damage_done, int(a.final_blow)] for a in killmail.attackers],
        sorted(killmail.nearby_system_ids),
    ]
    return orjson.dumps(body).decode()


class KillmailRow(NamedTuple):
    """What is read of a row of `mails`."""

    killmail_id: int
    system_id: int
    region_id: int
    security_type: str
    occurred_at: datetime
    value: float
    historical: bool
    body: bytes


def decode(row: KillmailRow) -> Killmail:
    victim, attackers, nearby = orjson.loads(row.body)
    return Killmail(
        killmail_id=row.killmail_id,
        time=int(row.occurred_at.timestamp()),
        system_id=row.system_id,
        value=row.value,
        victim=Victim(victim[0], victim[1], victim[2], _party(victim), victim[5], victim[6], victim[7]),
        attackers=tuple(Attacker(a[0], a[1], a[2], _party(a), a[5], a[6], bool(a[7])) for a in attackers),
        nearby_system_ids=frozenset(nearby),
        region_id=row.region_id,
        security_type=row.security_type,
        historical=row.historical,
    )


def _encoded_ids(pilot: Victim | Attacker) -> list[int | None]:
    party = pilot.party
    kind, party_id = (_KIND_INDEX[party.kind], party.id) if party else (None, None)
    return [pilot.character_id, pilot.corporation_id, pilot.alliance_id, kind, party_id]


def _party(encoded: list[Any]) -> Party | None:
    return None if encoded[3] is None else Party(_KINDS[encoded[3]], encoded[4])
