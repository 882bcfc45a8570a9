"""What search reads of an enriched killmail.

A single one comes as the model of its event, those of a batch as lines; structs read the lines in a fifth of the
model's time, and hold only the fields that are needed here.
"""

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from typing import Annotated, Final

from msgspec import Meta, Struct
from msgspec.json import Decoder

from battlescope_schemas.enriched import EnrichedKillmail, Party, ValueSource
from battlescope_schemas.ships.hulls import hull_class
from battlescope_schemas.universe import SecurityType
from search_index.domain.entity_key import ALLIANCE, CHARACTER, CORPORATION, EntityKey
from search_index.domain.killmail import IncomingKillmail, Killmail, Pilot, ShipType, SolarSystem, pilot

_Id = Annotated[int, Meta(ge=0, le=2**63 - 1)]
_NOBODY: Final = Pilot(None, None, None, None)


class BatchParty(Struct, rename="camel", gc=False):
    """What is read of a participant."""

    character_id: _Id | None = None
    character_name: str | None = None
    corporation_id: _Id | None = None
    corporation_name: str | None = None
    alliance_id: _Id | None = None
    alliance_name: str | None = None
    ship_type_id: _Id | None = None
    ship_type_name: str | None = None
    ship_group_id: _Id | None = None


class BatchVictim(BatchParty):
    ship_group_name: str | None = None
    ship_category_id: _Id | None = None


class BatchComputedValue(Struct):
    """Whether a value was computed is all that counts here."""


class BatchLine(Struct, rename="camel"):
    """What is read of an `EnrichedKillmail`."""

    killmail_id: _Id
    killmail_time: Annotated[datetime, Meta(tz=True)]
    system_id: _Id
    system_name: str
    constellation_id: _Id
    region_id: _Id
    region_name: str
    security_type: SecurityType
    security_status: float
    victim: BatchVictim
    attackers: tuple[BatchParty, ...]
    attacker_count: Annotated[int, Meta(ge=0, lt=2**31)]
    constellation_name: str | None = None
    wormhole_class: int | None = None
    system_effect: str | None = None
    npc: bool = False
    solo: bool = False
    zkb_total_value: Decimal | None = None
    computed_value: BatchComputedValue | None = None
    value_source: ValueSource | None = None
    total_value: Decimal | None = None
    value_revision: Annotated[int, Meta(ge=1, lt=2**31)] | None = None
    valuation_revision: Annotated[int, Meta(ge=1, lt=2**31)] | None = None


_LINE: Final = Decoder(BatchLine, strict=False)  # ids are text


def read_lines(batch: bytes) -> Iterator[IncomingKillmail]:
    """The killmails of a batch object; one at a time, because all lines together would be ten times its size.

    Raises:
        ValueError: a line is no enriched killmail.
    """
    return (from_event(_LINE.decode(line)) for line in batch.splitlines())


def from_event(payload: EnrichedKillmail | BatchLine) -> IncomingKillmail:
    return IncomingKillmail(_killmail(payload), _names(payload), _system(payload), _ship_types(payload))


def _killmail(payload: EnrichedKillmail | BatchLine) -> Killmail:
    attackers = (_pilot(attacker) for attacker in payload.attackers)
    return Killmail(
        killmail_id=payload.killmail_id,
        killmail_time=payload.killmail_time,
        system_id=payload.system_id,
        victim=_pilot(payload.victim) or _NOBODY._replace(ship_type_id=payload.victim.ship_type_id or None),
        attackers=tuple(attacker for attacker in attackers if attacker is not None),
        attacker_count=payload.attacker_count,
        value=_value(payload),
        is_npc=payload.npc,
        is_solo=payload.solo,
        value_revision=payload.value_revision or 0,
        valuation_revision=payload.valuation_revision or 0,
    )


def _pilot(party: Party | BatchParty) -> Pilot | None:
    return pilot(party.character_id, party.corporation_id, party.alliance_id, party.ship_type_id)


def _value(payload: EnrichedKillmail | BatchLine) -> Decimal | None:
    """The shown value. An event of an older release says nothing about that: zKillboard's total counts then."""
    if payload.value_source is not None:
        return payload.total_value
    return None if payload.computed_value is not None else payload.zkb_total_value


def _names(payload: EnrichedKillmail | BatchLine) -> dict[EntityKey, str]:
    """Names of everybody, also of NPCs: they are shown, although nobody finds them."""
    names: dict[EntityKey, str] = {}
    for party in (payload.victim, *payload.attackers):
        if party.character_id and party.character_name:
            names[CHARACTER, party.character_id] = party.character_name
        if party.corporation_id and party.corporation_name:
            names[CORPORATION, party.corporation_id] = party.corporation_name
        if party.alliance_id and party.alliance_name:
            names[ALLIANCE, party.alliance_id] = party.alliance_name
    return names


def _system(payload: EnrichedKillmail | BatchLine) -> SolarSystem:
    return SolarSystem(
        payload.system_id,
        payload.system_name,
        payload.constellation_id,
        payload.constellation_name,
        payload.region_id,
        payload.region_name,
        payload.security_type,
        payload.security_status,
        payload.wormhole_class,
        getattr(payload, "system_effect", None),
    )


def _ship_types(payload: EnrichedKillmail | BatchLine) -> set[ShipType]:
    victim = payload.victim
    ship_types = {
        _flown(attacker.ship_type_id, attacker.ship_type_name, attacker.ship_group_id)
        for attacker in payload.attackers
        if attacker.ship_type_id and attacker.ship_type_name
    }
    if victim.ship_type_id and victim.ship_type_name:
        hull = hull_class(victim.ship_group_id, victim.ship_category_id)
        lost = ShipType(victim.ship_type_id, victim.ship_type_name, victim.ship_group_id, victim.ship_group_name, hull)
        ship_types.add(lost)
    return ship_types


@lru_cache(maxsize=1024)  # most pilots fly a few hundred types
def _flown(type_id: int, name: str, group_id: int | None) -> ShipType:
    return ShipType(type_id, name, group_id, None, hull_class(group_id))
