"""The killmail and the names that battle-cluster reads from an enriched killmail.

A single one comes as the model of its event, those of a batch as lines; structs read the lines in a fifth of the
model's time, and hold only the fields that are needed here.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from typing import Annotated, Final, NamedTuple

from msgspec import Meta, Struct
from msgspec.json import Decoder

from battle_cluster.domain.killmail import (
    NO_PARTS,
    Attacker,
    Killmail,
    KillmailFlags,
    ValueBasis,
    ValueParts,
    Victim,
    party_of,
    pilot_of,
)
from battlescope_schemas.enriched import (
    EnrichedAttacker,
    EnrichedKillmail,
    EnrichedVictim,
    ValueConfidence,
    ValueSource,
)
from battlescope_schemas.enriched import Party as EnrichedParty
from battlescope_schemas.reference import Source
from battlescope_schemas.universe import SecurityType


class EntityName(NamedTuple):
    """A display name; `entity_type` is a value of the column `entity_names.entity_type`."""

    entity_type: str
    id: int
    name: str


class ShipType(NamedTuple):
    """A row of `ship_types`: the group that tells the hull class of a ship."""

    ship_type_id: int
    group_id: int


class SolarSystem(NamedTuple):
    """A row of `solar_systems`; `wormhole_class` is None outside of wormholes and where it is unknown.

    adjacent_system_ids, nearby_system_ids: within one and within two gate jumps, None where there are none or unknown.
    """

    system_id: int
    constellation_id: int
    security_status: float
    wormhole_class: int | None
    system_effect: str | None = None
    adjacent_system_ids: tuple[int, ...] | None = None
    nearby_system_ids: tuple[int, ...] | None = None


EntityFact = ShipType | SolarSystem


@dataclass(frozen=True, slots=True)
class IncomingKillmail:
    """A consumed killmail, and the names and facts that only the pages of battles show."""

    killmail: Killmail
    names: frozenset[EntityName]
    facts: frozenset[EntityFact] = frozenset[EntityFact]()


MAX_CACHED_PARTIES: Final = 16_384
"""Pilots of some hours, who are on several killmails each: 4 MB."""
_Id = Annotated[int, Meta(ge=0, le=2**63 - 1)]


class BatchParty(Struct, rename="camel", gc=False):
    """What is read of `battlescope_schemas.enriched.Party`."""

    character_id: _Id | None = None
    character_name: str | None = None
    corporation_id: _Id | None = None
    corporation_name: str | None = None
    alliance_id: _Id | None = None
    alliance_name: str | None = None
    faction_id: _Id | None = None
    faction_name: str | None = None
    ship_type_id: _Id | None = None
    ship_type_name: str | None = None


class BatchVictim(BatchParty):
    ship_group_id: _Id | None = None
    ship_group_name: str | None = None
    ship_category_id: _Id | None = None


class BatchAttacker(BatchParty):
    ship_group_id: _Id | None = None
    damage_done: int = 0
    final_blow: bool = False


class BatchComputedValue(Struct, rename="camel", gc=False):
    confidence: ValueConfidence
    unpriced_count: Annotated[int, Meta(ge=0, lt=2**31)] = 0


class BatchLine(Struct, rename="camel"):
    """What is read of an `EnrichedKillmail`."""

    killmail_id: _Id
    killmail_time: Annotated[datetime, Meta(tz=True)]
    system_id: _Id
    system_name: str
    region_id: _Id
    region_name: str
    security_type: SecurityType
    victim: BatchVictim
    attackers: tuple[BatchAttacker, ...]
    constellation_id: _Id | None = None
    constellation_name: str | None = None
    security_status: float | None = None
    wormhole_class: int | None = None
    system_effect: str | None = None
    npc: bool = False
    solo: bool = False
    awox: bool = False
    nearby_system_ids: tuple[_Id, ...] = ()
    adjacent_system_ids: tuple[_Id, ...] = ()
    zkb_total_value: Decimal | None = None
    zkb_fitted_value: Decimal | None = None
    zkb_dropped_value: Decimal | None = None
    source: Source = Source.LIVE
    computed_value: BatchComputedValue | None = None
    value_source: ValueSource | None = None
    total_value: Decimal | None = None
    fitted_value: Decimal | None = None
    dropped_value: Decimal | None = None
    value_revision: Annotated[int, Meta(ge=1, lt=2**31)] | None = None
    valuation_revision: Annotated[int, Meta(ge=1, lt=2**31)] | None = None


_BASIS: Final = {
    ValueConfidence.HIGH: ValueBasis.COMPUTED_HIGH,
    ValueConfidence.MEDIUM: ValueBasis.COMPUTED_MEDIUM,
    ValueConfidence.LOW: ValueBasis.COMPUTED_LOW,
}
_LINE: Final = Decoder(BatchLine, strict=False)  # ids are text


def read_lines(batch: bytes) -> Iterator[IncomingKillmail]:
    """The killmails of a batch object; one at a time, because all lines together would be ten times its size.

    Raises:
        ValueError: a line is no enriched killmail.
    """
    return (from_event(_LINE.decode(line)) for line in batch.splitlines())


def from_event(payload: EnrichedKillmail | BatchLine) -> IncomingKillmail:
    return IncomingKillmail(killmail_of(payload), names_of(payload), facts_of(payload))


def killmail_of(payload: EnrichedKillmail | BatchLine) -> Killmail:
    value, basis = _value(payload)
    parts = NO_PARTS if basis is ValueBasis.UNKNOWN else _value_parts(payload)
    return Killmail(
        killmail_id=payload.killmail_id,
        time=int(payload.killmail_time.timestamp()),
        system_id=payload.system_id,
        value=value,
        victim=_victim(payload.victim),
        attackers=tuple(map(_attacker, payload.attackers)),
        nearby_system_ids=frozenset(payload.nearby_system_ids) - {payload.system_id},
        region_id=payload.region_id,
        security_type=payload.security_type,
        historical=payload.source is Source.HISTORICAL,
        value_revision=payload.value_revision or 0,
        valuation_revision=payload.valuation_revision or 0,
        value_basis=basis,
        value_parts=parts,
        flags=KillmailFlags(npc=payload.npc, solo=payload.solo, awox=payload.awox),
    )


def _value(payload: EnrichedKillmail | BatchLine) -> tuple[float, ValueBasis]:
    """The shown value. An event of an older release says nothing about that: zKillboard's total counts then."""
    if payload.value_source is ValueSource.COMPUTED and payload.computed_value is not None:
        return float(payload.total_value or 0), _BASIS[payload.computed_value.confidence]
    zkb_is_refused = payload.value_source is None and payload.computed_value is not None
    total = payload.total_value if payload.value_source else None if zkb_is_refused else payload.zkb_total_value
    return (float(total), ValueBasis.ZKB) if total is not None and total > 0 else (0.0, ValueBasis.UNKNOWN)


def _value_parts(payload: EnrichedKillmail | BatchLine) -> ValueParts:
    """Of the shown value, as `_value`."""
    if payload.value_source is None:
        return ValueParts(_isk(payload.zkb_fitted_value), _isk(payload.zkb_dropped_value))
    computed = payload.computed_value if payload.value_source is ValueSource.COMPUTED else None
    unpriced = computed.unpriced_count if computed else 0
    return ValueParts(_isk(payload.fitted_value), _isk(payload.dropped_value), unpriced)


def _isk(value: Decimal | None) -> float | None:
    return None if value is None else float(value)


def names_of(payload: EnrichedKillmail | BatchLine) -> frozenset[EntityName]:
    """Every name that the enriched killmail carries."""
    names = {
        EntityName("system", payload.system_id, payload.system_name),
        EntityName("region", payload.region_id, payload.region_name),
    }
    if payload.constellation_id and payload.constellation_name:
        names.add(EntityName("constellation", payload.constellation_id, payload.constellation_name))
    if payload.victim.ship_group_id and payload.victim.ship_group_name:
        names.add(EntityName("ship_group", payload.victim.ship_group_id, payload.victim.ship_group_name))
    return frozenset(names.union(_names_of_pilots((payload.victim, *payload.attackers))))


def _names_of_pilots(pilots: Iterable[EnrichedParty | BatchParty]) -> Iterator[EntityName]:
    """Each once: most attackers have the corporation and alliance of another one, and many its ship."""
    characters: dict[int, str] = {}
    corporations: dict[int, str] = {}
    alliances: dict[int, str] = {}
    factions: dict[int, str] = {}
    ship_types: dict[int, str] = {}
    for pilot in pilots:
        if pilot.character_id and pilot.character_name:
            characters[pilot.character_id] = pilot.character_name
        if pilot.corporation_id and pilot.corporation_name:
            corporations[pilot.corporation_id] = pilot.corporation_name
        if pilot.alliance_id and pilot.alliance_name:
            alliances[pilot.alliance_id] = pilot.alliance_name
        if pilot.faction_id and pilot.faction_name:
            factions[pilot.faction_id] = pilot.faction_name
        if pilot.ship_type_id and pilot.ship_type_name:
            ship_types[pilot.ship_type_id] = pilot.ship_type_name
    by_type = {
        "character": characters,
        "corporation": corporations,
        "alliance": alliances,
        "faction": factions,
        "ship_type": ship_types,
    }
    for entity_type, names in by_type.items():
        for entity_id, name in names.items():
            yield EntityName(entity_type, entity_id, name)


def facts_of(payload: EnrichedKillmail | BatchLine) -> frozenset[EntityFact]:
    """The groups of the ships, and the system; an event of an older release has not all of them."""
    groups = {
        pilot.ship_type_id: pilot.ship_group_id
        for pilot in (payload.victim, *payload.attackers)
        if pilot.ship_type_id and pilot.ship_group_id
    }
    facts: set[EntityFact] = {ShipType(ship_type_id, group_id) for ship_type_id, group_id in groups.items()}
    if payload.constellation_id is not None and payload.security_status is not None:
        facts.add(_solar_system(payload, payload.constellation_id, payload.security_status))
    return frozenset(facts)


def _solar_system(payload: EnrichedKillmail | BatchLine, constellation_id: int, security_status: float) -> SolarSystem:
    return SolarSystem(
        system_id=payload.system_id,
        constellation_id=constellation_id,
        security_status=security_status,
        wormhole_class=payload.wormhole_class,
        system_effect=payload.system_effect,
        adjacent_system_ids=payload.adjacent_system_ids or None,
        nearby_system_ids=payload.nearby_system_ids or None,
    )


_party_of: Final = lru_cache(MAX_CACHED_PARTIES)(party_of)


def _victim(victim: EnrichedVictim | BatchVictim) -> Victim:
    return Victim(
        character_id=pilot_of(victim.character_id),
        corporation_id=victim.corporation_id,
        alliance_id=victim.alliance_id,
        party=_party_of(victim.character_id, victim.corporation_id, victim.alliance_id, victim.faction_id),
        ship_type_id=victim.ship_type_id or 0,
        ship_group_id=victim.ship_group_id,
        ship_category_id=victim.ship_category_id,
    )


def _attacker(attacker: EnrichedAttacker | BatchAttacker) -> Attacker:
    return Attacker(
        character_id=pilot_of(attacker.character_id),
        corporation_id=attacker.corporation_id,
        alliance_id=attacker.alliance_id,
        party=_party_of(attacker.character_id, attacker.corporation_id, attacker.alliance_id, attacker.faction_id),
        ship_type_id=attacker.ship_type_id,
        damage_done=attacker.damage_done,
        final_blow=attacker.final_blow,
    )
