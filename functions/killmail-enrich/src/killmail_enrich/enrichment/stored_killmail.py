"""The enriched killmail of a stored row, with other values."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final

from msgspec import Raw

from battlescope_schemas.killmail import ZkbValues
from killmail_enrich.enrichment.enrichment import EnrichedLine, PartyLine
from killmail_enrich.enrichment.locations import Location
from killmail_enrich.enrichment.values import value_fields
from killmail_enrich.valuation.killmail_value import Valuation

WITHOUT_COLUMNS: Final = (
    "constellation_name",
    "wormhole_class",
    "system_effect",
    "nearby_system_ids",
    "adjacent_system_ids",
)


@dataclass(frozen=True, slots=True)
class StoredKillmail:
    """The columns of a killmail besides its values. attackers: their JSON."""

    killmail_id: int
    zkb_hash: str
    killmail_time: datetime
    system_id: int
    system_name: str
    constellation_id: int
    region_id: int
    region_name: str
    security_type: str
    security_status: float
    zkb_total_value: Decimal | None
    zkb_points: int
    zkb_url: str
    npc: bool
    solo: bool
    awox: bool
    victim_character_id: int | None
    victim_character_name: str | None
    victim_corp_id: int | None
    victim_corp_name: str | None
    victim_alliance_id: int | None
    victim_alliance_name: str | None
    victim_faction_id: int | None
    victim_faction_name: str | None
    ship_type_id: int
    ship_type_name: str | None
    ship_group_id: int | None
    ship_group_name: str | None
    ship_category_id: int | None
    victim_damage_taken: int
    attackers: str
    attacker_count: int
    source: str
    archive_key: str
    value_revision: int
    valuation_revision: int


@dataclass(frozen=True, slots=True)
class ValuedKillmail:
    """A stored killmail with the values that it gets; `line` is its next event."""

    stored: StoredKillmail
    line: EnrichedLine
    rules: int
    unit_prices: str | None


def with_value(
    stored: StoredKillmail, zkb: ZkbValues, valuation: Valuation, location: Location | None
) -> ValuedKillmail:
    """`location`: of its system, for what no column has; None if the static data have no such system any more."""
    without_columns = {name: location.wire_fields[name] for name in WITHOUT_COLUMNS} if location else {}
    line = EnrichedLine(
        killmail_id=str(stored.killmail_id),
        zkb_hash=stored.zkb_hash,
        killmail_time=stored.killmail_time,
        system_id=str(stored.system_id),
        system_name=stored.system_name,
        constellation_id=str(stored.constellation_id),
        region_id=str(stored.region_id),
        region_name=stored.region_name or "",
        security_type=stored.security_type,
        security_status=stored.security_status,
        **{"nearby_system_ids": list[str](), "adjacent_system_ids": list[str](), **without_columns},
        **value_fields(zkb, valuation.value, has_hull=stored.ship_type_id != 0),
        zkb_points=stored.zkb_points,
        zkb_url=stored.zkb_url,
        npc=stored.npc,
        solo=stored.solo,
        awox=stored.awox,
        victim=_victim(stored),
        attackers=Raw(stored.attackers.encode()),
        attacker_count=stored.attacker_count,
        source=stored.source,
        archive_key=stored.archive_key,
        value_revision=stored.value_revision or None,
        valuation_revision=stored.valuation_revision + 1,
    )
    return ValuedKillmail(stored, line, valuation.rules, valuation.unit_prices)


def _victim(stored: StoredKillmail) -> PartyLine:
    return PartyLine(
        character_id=_text(stored.victim_character_id),
        character_name=stored.victim_character_name,
        corporation_id=_text(stored.victim_corp_id),
        corporation_name=stored.victim_corp_name,
        alliance_id=_text(stored.victim_alliance_id),
        alliance_name=stored.victim_alliance_name,
        faction_id=_text(stored.victim_faction_id),
        faction_name=stored.victim_faction_name,
        ship_type_id=str(stored.ship_type_id),
        ship_type_name=stored.ship_type_name,
        ship_group_id=_text(stored.ship_group_id),
        ship_group_name=stored.ship_group_name,
        ship_category_id=_text(stored.ship_category_id),
        damage_taken=stored.victim_damage_taken,
    )


def _text(number: int | None) -> str | None:
    return None if number is None else str(number)
