"""The API's responses: camelCase, ids and ISK as strings. A name is null only where its id is.

While nobody knows it, it is `Unknown Character #123` (`shown_names.py` in shared-schemas). The location is null while
the static data lacks the system.
"""

from datetime import date
from enum import StrEnum

from battlescope_schemas.base import EveId, Isk, Schema, UtcTime
from battlescope_schemas.enriched import ValueConfidence, ValueSource
from battlescope_schemas.ships.hulls import HullClass
from battlescope_schemas.universe import SecurityType


class FinalBlow(Schema):
    """The attacker that destroyed the ship. ticker: of the alliance, else of the corporation; null while unknown."""

    character_id: EveId | None
    character_name: str | None
    corp_id: EveId | None
    corp_name: str | None
    alliance_id: EveId | None
    alliance_name: str | None
    ship_type_id: EveId | None
    ship_type_name: str | None
    ticker: str | None


class Summary(Schema):
    """One killmail of a list.

    systemClass: of wormhole systems 1 to 6 and 12 to 18, others as the static data has it; null without one.
    systemEffect: of the secondary sun of a wormhole system, as "Magnetar"; null without one.
    iskValue: what is shown and summed, by zKillboard or computed, as `valueSource` states; both are null while it is
    unknown. valueConfidence: of a computed value. victimTicker: of the alliance, else of the corporation; null while
    it is unknown.
    """

    killmail_id: EveId
    system_id: EveId
    system_name: str
    timestamp: UtcTime
    security_type: SecurityType | None
    security_status: float | None
    system_class: int | None
    system_effect: str | None
    region_id: EveId | None
    region_name: str | None
    victim_alliance_id: EveId | None
    victim_alliance_name: str | None
    victim_corp_id: EveId | None
    victim_corp_name: str | None
    victim_character_id: EveId | None
    victim_character_name: str | None
    victim_ticker: str | None
    attacker_alliance_ids: tuple[EveId, ...]
    attacker_alliance_names: tuple[str, ...]
    attacker_corp_ids: tuple[EveId, ...]
    attacker_corp_names: tuple[str, ...]
    attacker_character_ids: tuple[EveId, ...]
    attacker_character_names: tuple[str, ...]
    ship_type_id: EveId | None
    ship_type_name: str | None
    ship_group_id: EveId | None
    ship_group_name: str | None
    hull_class: HullClass | None
    final_blow: FinalBlow | None
    npc: bool
    solo: bool
    awox: bool
    isk_value: Isk | None
    value_source: ValueSource | None
    value_confidence: ValueConfidence | None
    zkb_url: str
    battle_id: str | None
    participant_count: int


class Recent(Schema):
    items: tuple[Summary, ...]
    count: int


class Attacker(Schema):
    character_id: EveId | None
    character_name: str | None
    corp_id: EveId | None
    corp_name: str | None
    alliance_id: EveId | None
    alliance_name: str | None
    faction_id: EveId | None
    faction_name: str | None
    ship_type_id: EveId | None
    ship_type_name: str | None
    weapon_type_id: EveId | None
    weapon_type_name: str | None
    damage_done: int
    final_blow: bool


class EnrichmentStatus(StrEnum):
    PROCESSING = "processing"
    SUCCEEDED = "succeeded"


class Enrichment(Schema):
    """The status is `processing` while a name or the location is missing and expected."""

    status: EnrichmentStatus
    fetched_at: UtcTime
    created_at: UtcTime
    updated_at: UtcTime


class UnpricedType(Schema):
    """An item type without a price; each unit of it counts a cent."""

    type_id: EveId
    type_name: str


class ZkbValue(Schema):
    """What zKillboard estimates, whether or not it is used."""

    total: Isk
    fitted: Isk | None
    dropped: Isk | None
    destroyed: Isk | None


class ComputedValue(Schema):
    """What the killmail is worth by the market prices before its day. `total` is the sum of `dropped` and `destroyed`.

    hull: the ship alone. fitted: the hull and what was in its slots. droppable: what could have dropped. priceDay: the
    last day of the market that counts. rules: their version. unpriced: up to 20 types, of `unpricedCount`.
    """

    hull: Isk
    fitted: Isk
    dropped: Isk
    destroyed: Isk
    total: Isk
    droppable: Isk
    price_day: date
    rules: int
    confidence: ValueConfidence
    unpriced: tuple[UnpricedType, ...]
    unpriced_count: int


class Value(Schema):
    """The value that is shown and summed, in parts, and the two that it is chosen from."""

    source: ValueSource | None
    total: Isk | None
    fitted: Isk | None
    dropped: Isk | None
    destroyed: Isk | None
    zkb: ZkbValue | None
    computed: ComputedValue | None


class Detail(Summary):
    """One killmail with all its details."""

    zkb_hash: str
    constellation_id: EveId | None
    victim_faction_id: EveId | None
    victim_faction_name: str | None
    victim_damage_taken: int
    zkb_points: int
    value: Value
    attackers: tuple[Attacker, ...]
    enrichment: Enrichment
