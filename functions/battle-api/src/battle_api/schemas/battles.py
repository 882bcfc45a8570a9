"""Response models of one battle: ids and ISK are strings, and a name is null only without its id."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from battle_api.schemas.battle_list import BattleFields, Name, PartyName, SideRole, Thousandths
from battle_api.schemas.edit_requests import SplitReason
from battle_api.schemas.killmails import Entities, KillmailItem
from battle_api.schemas.participants import ParticipantItem, TopKiller, TopLoser
from battlescope_schemas.base import EveId, Isk, Schema, UtcTime
from battlescope_schemas.ships.hulls import HullClass

PartyRole = Literal["side", "third-party", "kill-stealer", "unassigned"]


class SystemItem(Schema):
    """A system of the battle, with its first and last loss."""

    system_id: EveId
    system_name: Name
    security_status: Thousandths | None
    system_class: int | None
    system_effect: str | None
    killmails: int
    first_at: UtcTime
    last_at: UtcTime


class RoundItem(Schema):
    """A stretch of losses; between two of them nothing was lost for more than ten minutes."""

    start_time: UtcTime
    end_time: UtcTime
    killmails: int


class SideAlliance(Schema):
    alliance_id: EveId
    alliance_name: Name
    pilots: int
    isk_destroyed: Isk
    isk_lost: Isk


class CorporationItem(Schema):
    """The pilots of a corporation on this side."""

    corp_id: EveId
    corp_name: Name
    ticker: Name
    pilots: int
    lost: int


class Pin(Schema):
    """The edit that holds a party on its side."""

    edit_id: UUID
    author: str


class PartyItem(PartyName):
    """A party on a side: its role, and the confidence of the side assignment (0 to 1).

    secondBestSideId: the side that it fits next best, null without one. losses = shipsLost + capsulesLost.
    iskLostFitted: without cargo. firstSeenAt: null for a party of which no pilot is on a killmail.
    """

    role: PartyRole
    confidence: Thousandths
    evidence: Thousandths
    second_best_side_id: int | None
    pilots: int
    kills: int
    losses: int
    ships_lost: int
    capsules_lost: int
    isk_destroyed: Isk
    isk_lost: Isk
    isk_lost_fitted: Isk | None
    first_seen_at: UtcTime | None
    corporations: list[CorporationItem]
    pinned: Pin | None


class SideShip(Schema):
    """A type of ship on a side. seen: pilots who flew it. lost: killmails."""

    ship_type_id: EveId
    ship_type_name: Name
    ship_group_id: EveId | None
    ship_group_name: Name
    hull_class: HullClass | None
    seen: int
    lost: int
    isk_lost: Isk


class SideRow(Schema):
    """What the tables hold of a side. finalBlows: ships that its pilots destroyed. iskLostFitted: without cargo."""

    side_id: Annotated[int, Field(ge=1)]
    pilots: int
    kills: int
    losses: int
    ships_destroyed: int
    ships_lost: int
    capsules_lost: int
    isk_destroyed: Isk
    isk_lost: Isk
    isk_lost_fitted: Isk | None
    isk_efficiency: float
    damage_done: int
    damage_received: int
    final_blows: int


class HostilePair(Schema):
    """Losses of another side, `sideId`, on which this one shot."""

    side_id: int
    killmails: int
    isk_lost: Isk


class SideItem(SideRow):
    """hostilePairs: of the killmails in the same answer, the side with the most losses first."""

    role: SideRole
    alliances: list[SideAlliance]
    top_alliances: list[SideAlliance]
    parties: list[PartyItem]
    ships: list[SideShip]
    hostile_pairs: list[HostilePair]


class LinkItem(Schema):
    """Why two killmails are in the same battle. `reason` is the name of a rule; new rules add names.

    deltaSeconds: between the two losses. quietLimitSeconds: the longest silence that the rule bridges; null for a merge
    edit and in battles of an older release. sharedPilots: on both killmails. jumps: stargates between their systems,
    0 in one system; null where they are more than two, or unknown.
    """

    from_killmail_id: EveId
    to_killmail_id: EveId
    reason: str
    score: Thousandths
    delta_seconds: int
    quiet_limit_seconds: int | None
    shared_pilots: int
    jumps: int | None


class LinkReason(Schema):
    reason: str
    count: int


class Suggestion(Schema):
    """A possible split; `doubt` and `groups` are valid as fields of an edit of the kind `split`."""

    doubt: SplitReason
    groups: list[list[EveId]]


class BattleHead(BattleFields):
    """A battle without its killmails and pilots."""

    created_at: UtcTime
    poster_delay_until: UtcTime
    alias_ids: list[UUID]
    systems: list[SystemItem]
    rounds: list[RoundItem]
    doubts: list[str]
    sides: list[SideItem]
    unassigned: list[PartyItem]
    top_killers: list[TopKiller]
    top_losers: list[TopLoser]
    separate_fights: bool
    link_reasons: list[LinkReason]
    links: list[LinkItem]
    suggestions: list[Suggestion]


class BattleDetail(BattleHead):
    """A battle with all its data. Only pilots on killmails are counted, so pilot numbers are lower bounds.

    `revision`, in quotes, is the `If-Match` of an edit. `editCount` counts the edits that are not undone.
    doubts: what the suggestions and sides say of its shape. aliasIds: of battles that were merged into it.
    posterDelayUntil: until then killmails may still arrive whose owners delay them.
    """

    killmails: list[KillmailItem]
    entities: Entities
    participants: list[ParticipantItem]
