"""Response models of a battle's killmails. Attackers are indexes into one table of entities in the same answer."""

from uuid import UUID

from battle_api.schemas.battle_list import Name, Thousandths
from battlescope_schemas.base import EveId, Isk, Schema, UtcTime
from battlescope_schemas.enriched import ValueConfidence, ValueSource
from battlescope_schemas.ships.hulls import HullClass


class NamedEntity(Schema):
    id: EveId
    name: Name


class Organisation(NamedEntity):
    """An alliance or corporation."""

    ticker: Name


class Entities(Schema):
    """The attackers that killmails of the same answer name by index."""

    alliances: list[Organisation]
    corporations: list[Organisation]
    characters: list[NamedEntity]


class FinalBlow(Schema):
    """The attacker who destroyed the ship, by indexes into `entities`; null for what the killmail does not name."""

    character: int | None
    corp: int | None
    alliance: int | None
    ship_type_id: EveId | None
    ship_type_name: Name


class SideShots(Schema):
    """The attackers of one side, without NPCs; `sideId` is null for those on no side."""

    side_id: int | None
    attackers: int
    damage: int


class BestLink(Schema):
    """The strongest link of a killmail to another one of the battle."""

    reason: str
    score: Thousandths


class KillmailItem(Schema):
    """A killmail of a battle. valueSource: null while the value is unknown; iskValue is 0 then.

    fittedValue: without cargo. droppedValue: what could be looted; the rest of iskValue was destroyed. Null while
    unknown.
    unpricedTypes: how many types of its items have no price, if the value is computed; killmail-api names them.

    victimTicker: of the alliance, else of the corporation. attackerCount: with NPCs. attackerAlliances, attackerCorps,
    attackerCharacters: ascending indexes into `entities`. podOf: the killmail of the ship that a capsule was left from.
    npc, solo, awox: lost to NPCs only, to a single pilot, to the own side.
    """

    killmail_id: EveId
    zkb_url: str
    timestamp: UtcTime
    occurred_at: UtcTime
    system_id: EveId
    system_name: Name
    victim_alliance_id: EveId | None
    victim_alliance_name: Name
    victim_corp_id: EveId | None
    victim_corp_name: Name
    victim_character_id: EveId | None
    victim_character_name: Name
    victim_ticker: Name
    ship_type_id: EveId
    ship_type_name: Name
    ship_group_id: EveId | None
    ship_group_name: Name
    hull_class: HullClass | None
    final_blow: FinalBlow | None
    attacker_count: int
    attackers_by_side: list[SideShots]
    attacker_alliances: list[int]
    attacker_corps: list[int]
    attacker_characters: list[int]
    npc: bool
    solo: bool
    awox: bool
    pod_of: EveId | None
    linked_by: BestLink | None
    isk_value: Isk
    fitted_value: Isk | None
    dropped_value: Isk | None
    unpriced_types: int
    value_source: ValueSource | None
    value_confidence: ValueConfidence | None
    side_id: int | None


class Killmails(Schema):
    """One page. `entities` has the attackers of this page; `revision` is that of the battle."""

    items: list[KillmailItem]
    entities: Entities
    revision: int
    next_cursor: str | None
    has_more: bool


class TimelineEvent(Schema):
    """A loss. `relativeTime`: seconds since the start of the battle. `victimShip`: the name of the type."""

    timestamp: UtcTime
    relative_time: int
    killmail_id: EveId
    system_id: EveId
    victim_name: Name
    victim_ship: Name
    ship_type_id: EveId
    hull_class: HullClass | None
    victim_side: int | None
    pod_of: EveId | None
    isk_value: Isk
    zkb_url: str


class PilotsSeen(Schema):
    """How many pilots of a side have been on a killmail by a time in seconds since the start of the battle."""

    relative_time: int
    side_id: int | None
    pilots: int


class Timeline(Schema):
    """The losses in order of time. `sideSeen` has an entry for each time at which a number changed."""

    battle_id: UUID
    revision: int
    timeline: list[TimelineEvent]
    side_seen: list[PilotsSeen]
