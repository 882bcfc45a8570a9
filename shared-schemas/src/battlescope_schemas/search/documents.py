"""What each collection of the search index holds: the one description for both engines, for writing and for reading.

Ids are text. Times are seconds of Unix time, so that both engines can sort and limit by them. A field with `Indexed`
can be searched, filtered or sorted by; the others are only shown. Folded and compact names are those of `folding.py`.
"""

from enum import StrEnum
from typing import Annotated, Final, NamedTuple

from pydantic import Field

from battlescope_schemas.base import Schema
from battlescope_schemas.battle import BattleStatus
from battlescope_schemas.ships.hulls import HullClass
from battlescope_schemas.universe import SecurityType

MAX_CHARACTER_NAMES: Final = 50
"""Of a battle: those on the most killmails."""


class Collection(StrEnum):
    """The collections. A value is the name of the alias in Typesense."""

    BATTLES = "battles"
    KILLMAILS = "killmails"
    CHARACTERS = "characters"
    CORPORATIONS = "corporations"
    ALLIANCES = "alliances"
    SYSTEMS = "systems"
    SHIP_TYPES = "ship_types"


class Indexed(NamedTuple):
    """How a field is indexed. facet: its values are counted. sort: text can be sorted by; numbers always can."""

    facet: bool = False
    sort: bool = False


Text = Annotated[str, Indexed()]
Facet = Annotated[str, Indexed(facet=True)]
Number = Annotated[int, Indexed()]
Ids = Annotated[tuple[str, ...], Indexed()]
Names = Annotated[tuple[str, ...], Indexed()]


class Document(Schema):
    """id: unique in its collection."""

    id: str


class SideDocument(Schema):
    """A side of a battle, as lists show it. The top party has the most pilots; None where none is known."""

    side_id: int
    role: str | None = None
    pilots: int
    kills: int
    losses: int
    isk_destroyed: str
    isk_lost: str
    isk_lost_fitted: str | None = None
    top_party_type: str | None = None
    top_party_id: str | None = None
    top_party_name: str | None = None
    top_party_ticker: str | None = None
    party_count: int | None = None


class AllianceShare(Schema):
    alliance_id: str
    alliance_name: str
    ticker: str | None = None
    participant_count: int


class ComputedIskDocument(Schema):
    """See `battlescope_schemas.battle.ComputedIsk`."""

    high: str
    medium: str
    low: str
    kills_without_value: int


class IskPartsDocument(Schema):
    """See `battlescope_schemas.battle.IskParts`."""

    fitted: str
    dropped: str
    kills_without_parts: int
    kills_with_unpriced: int


class SideLossesDocument(Schema):
    """See `battlescope_schemas.battle.SideLosses`."""

    side_id: int | None = None
    isk: tuple[int, ...]


class LossesOverTimeDocument(Schema):
    """See `battlescope_schemas.battle.LossesOverTime`."""

    bucket_seconds: int
    lost: tuple[SideLossesDocument, ...]


class BattleDocument(Document):
    """A battle as of its revision.

    name: given by people. tier, is_decisive, unassigned_pilots, spark, edit_count: None in events of older releases.
    system_ids: where killmails happened, the one with the most first. isk_destroyed: exact, total_isk_destroyed:
    rounded down. character_names: `MAX_CHARACTER_NAMES` at most. words: folded words of the names and tickers by which
    the battle is found.
    """

    revision: int
    name: str | None = None
    system_id: Text
    system_name: Text
    constellation_id: Annotated[str | None, Indexed()] = None
    constellation_name: Annotated[str | None, Indexed()] = None
    region_id: Facet
    region_name: Text
    security_type: Annotated[SecurityType, Indexed(facet=True)]
    security_status: float | None = None
    system_class: int | None = None
    system_effect: str | None = None
    status: Annotated[BattleStatus, Indexed(facet=True)]
    tier: Annotated[str | None, Indexed(facet=True)] = None
    start_time: Number
    end_time: Number
    duration: Number
    total_kills: Number
    total_participants: Annotated[int, Indexed(facet=True)]
    total_isk_destroyed: Number
    isk_destroyed: str
    battle_score: Number
    system_ids: Ids = ()
    system_names: Names = ()
    alliance_ids: Ids = ()
    alliance_names: Names = ()
    corp_ids: Ids = ()
    corp_names: Names = ()
    character_ids: Ids = ()
    character_names: Names = ()
    ship_type_ids: Ids = ()
    words: Names = ()
    sides: tuple[SideDocument, ...] = ()
    main_alliances: tuple[AllianceShare, ...] = ()
    computed_isk: ComputedIskDocument | None = None
    isk_parts: IskPartsDocument | None = None
    is_decisive: bool | None = None
    winning_side: int | None = None
    unassigned_pilots: int | None = None
    spark: LossesOverTimeDocument | None = None
    edit_count: int | None = None
    zkill_related_url: str


class KillmailDocument(Document):
    """A killmail. value: rounded down; isk_value: exact. Both are None while no value is known.

    system_class: of a wormhole; None elsewhere, and in copies of an older release until they are rebuilt.
    """

    killmail_time: Number
    system_id: Facet
    system_name: Text
    region_id: Facet
    region_name: Text
    security_type: Annotated[SecurityType, Indexed(facet=True)]
    security_status: float | None = None
    system_class: int | None = None
    ship_type_id: Annotated[str | None, Indexed(facet=True)] = None
    ship_type_name: Annotated[str | None, Indexed()] = None
    ship_group_id: str | None = None
    ship_group_name: str | None = None
    hull_class: Annotated[HullClass | None, Indexed(facet=True)] = None
    victim_character_id: Annotated[str | None, Indexed()] = None
    victim_character_name: Annotated[str | None, Indexed()] = None
    victim_corporation_id: Annotated[str | None, Indexed()] = None
    victim_corporation_name: Annotated[str | None, Indexed()] = None
    victim_alliance_id: Annotated[str | None, Indexed(facet=True)] = None
    victim_alliance_name: Annotated[str | None, Indexed()] = None
    attacker_character_ids: Ids = ()
    attacker_corporation_ids: Ids = ()
    attacker_alliance_ids: Ids = ()
    attacker_count: Number
    value: Annotated[int | None, Indexed()] = None
    isk_value: str | None = None
    battle_id: Annotated[str | None, Indexed()] = None
    npc: Annotated[bool, Indexed()] = False
    solo: Annotated[bool, Indexed()] = False


class NamedDocument(Document):
    """What is found by its name. Only what was in at least one battle has a document.

    battle_count, kills, losses, last_seen_at: of battles alone.
    """

    name: Text
    folded_name: Text
    compact_name: Text
    battle_count: Number
    kills: Annotated[int, Field(ge=0)] = 0
    losses: Annotated[int, Field(ge=0)] = 0
    last_seen_at: Number
    activity_score: Number


class EntityDocument(NamedDocument):
    """A character, corporation or alliance, in collections of their own. Affiliations are those of the last battle."""

    ticker: Annotated[str | None, Indexed()] = None
    compact_ticker: Annotated[str | None, Indexed()] = None
    corp_id: str | None = None
    corp_name: str | None = None
    corp_ticker: str | None = None
    alliance_id: str | None = None
    alliance_name: str | None = None
    alliance_ticker: str | None = None


class SystemDocument(NamedDocument):
    """A system with battles; `last_seen_at` is the time of its last killmail in a battle."""

    region_id: Facet
    region_name: Text
    constellation_id: str
    constellation_name: Annotated[str | None, Indexed()] = None
    security_type: Annotated[SecurityType, Indexed(facet=True)]
    security_status: float
    system_class: int | None = None
    system_effect: str | None = None


class ShipTypeDocument(NamedDocument):
    """A type of ship that was in a battle, flown or lost."""

    group_id: str | None = None
    group_name: str | None = None
    hull_class: Annotated[HullClass | None, Indexed(facet=True)] = None


DOCUMENTS: Final[dict[Collection, type[Document]]] = {
    Collection.BATTLES: BattleDocument,
    Collection.KILLMAILS: KillmailDocument,
    Collection.CHARACTERS: EntityDocument,
    Collection.CORPORATIONS: EntityDocument,
    Collection.ALLIANCES: EntityDocument,
    Collection.SYSTEMS: SystemDocument,
    Collection.SHIP_TYPES: ShipTypeDocument,
}
