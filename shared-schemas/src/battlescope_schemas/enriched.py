"""The enriched killmail: ids with their names and the location, as of the time of enrichment."""

from datetime import date
from enum import StrEnum
from typing import Annotated, Final

from pydantic import Field

from battlescope_schemas.base import EveId, Isk, Schema, UtcTime
from battlescope_schemas.reference import Source
from battlescope_schemas.universe import SecurityType

MAX_UNPRICED: Final = 20


class ValueSource(StrEnum):
    """Where the value that is shown and summed comes from."""

    ZKB = "zkb"
    COMPUTED = "computed"


class ValueConfidence(StrEnum):
    """How much of a computed total has a sure price: 95 % or more, 80 % or more, less."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


class ComputedValue(Schema):
    """What a killmail is worth by the market prices before its day.

    hull: the ship alone. fitted: the hull and what was in its slots. total = dropped + destroyed; destroyed has the
    hull. droppable: what could have dropped. price_day: the last day of the market that counts. rules: their version.
    unpriced: the smallest ids of types without a price, of `unpriced_count`; each unit of them counts a cent.
    """

    hull: Isk
    fitted: Isk
    dropped: Isk
    destroyed: Isk
    total: Isk
    droppable: Isk
    price_day: date
    rules: Annotated[int, Field(ge=1)]
    confidence: ValueConfidence
    unpriced: Annotated[tuple[EveId, ...], Field(max_length=MAX_UNPRICED)] = ()
    unpriced_count: Annotated[int, Field(ge=0)] = 0


class Party(Schema):
    """Ids and names of one participant. A name is missing until ESI has answered."""

    character_id: EveId | None = None
    character_name: str | None = None
    corporation_id: EveId | None = None
    corporation_name: str | None = None
    alliance_id: EveId | None = None
    alliance_name: str | None = None
    faction_id: EveId | None = None
    faction_name: str | None = None
    ship_type_id: EveId | None = None
    ship_type_name: str | None = None


class EnrichedVictim(Party):
    ship_group_id: EveId | None = None
    ship_group_name: str | None = None
    ship_category_id: EveId | None = None
    damage_taken: int = 0


class EnrichedAttacker(Party):
    ship_group_id: EveId | None = None
    weapon_type_id: EveId | None = None
    damage_done: int = 0
    final_blow: bool = False


class EnrichedKillmail(Schema):
    """A killmail with names and location.

    wormhole_class: as in the static data: 1 to 6, 12 for Thera, 13 for shattered ones, 14 to 18 for drifters'; None
        outside of wormholes.
    system_effect: of the secondary sun, as "Wolf-Rayet"; None without one. Only wormhole systems have one.
    nearby_system_ids: systems within two gate jumps. adjacent_system_ids: those within one; none in events of older
        releases. zkb_…: what zKillboard estimates, whether or not it is used.
    value_source, total_value, fitted_value, dropped_value, destroyed_value: what is shown and summed, zKillboard's
        unless it is refused, else the computed one; None while no value is known. A part may be unknown.
    value_revision: as that of its reference. valuation_revision: counts later computations of the value, None for the
        first one. Of two events of a killmail the one with the higher value_revision counts, of equal ones that with
        the higher valuation_revision.
    """

    killmail_id: EveId
    zkb_hash: str
    killmail_time: UtcTime
    system_id: EveId
    system_name: str
    constellation_id: EveId
    constellation_name: str | None = None
    region_id: EveId
    region_name: str
    security_type: SecurityType
    security_status: float
    wormhole_class: Annotated[int, Field(ge=1, le=100)] | None = None
    system_effect: Annotated[str, Field(min_length=1)] | None = None
    nearby_system_ids: tuple[EveId, ...] = ()
    adjacent_system_ids: tuple[EveId, ...] = ()
    zkb_total_value: Isk | None = None
    zkb_fitted_value: Isk | None = None
    zkb_dropped_value: Isk | None = None
    zkb_destroyed_value: Isk | None = None
    computed_value: ComputedValue | None = None
    value_source: ValueSource | None = None
    total_value: Isk | None = None
    fitted_value: Isk | None = None
    dropped_value: Isk | None = None
    destroyed_value: Isk | None = None
    zkb_points: int = 0
    zkb_url: str
    npc: bool = False
    solo: bool = False
    awox: bool = False
    victim: EnrichedVictim
    attackers: tuple[EnrichedAttacker, ...]
    attacker_count: Annotated[int, Field(ge=0)]
    source: Source = Source.LIVE
    archive_key: str
    value_revision: Annotated[int, Field(ge=1, lt=2**31)] | None = None
    valuation_revision: Annotated[int, Field(ge=1, lt=2**31)] | None = None
