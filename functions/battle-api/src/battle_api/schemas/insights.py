"""Response models that explain a battle: who fought whom, why killmails belong together, and what changed."""

from uuid import UUID

from battle_api.schemas.battle_list import PartyName, Thousandths
from battle_api.schemas.battles import PartyRole
from battle_api.schemas.edit_requests import SplitReason
from battle_api.schemas.killmails import NamedEntity
from battlescope_schemas.base import EveId, Isk, Schema, UtcTime


class PartyNode(PartyName):
    side_id: int | None
    role: PartyRole
    pilots: int
    losses: int
    isk_lost: Isk


class PartyEdge(Schema):
    """Between the nodes `a` and `b`, which are indexes.

    hostileKillmails: losses of one on which the other shot, with their ISK. jointKillmails: on which both shot a third.
    """

    a: int
    b: int
    hostile_killmails: int
    hostile_isk: Isk
    joint_killmails: int


class PartyGraph(Schema):
    """Of parties with several rows, because their pilots fought on several sides, the largest is the node."""

    battle_id: UUID
    revision: int
    nodes: list[PartyNode]
    edges: list[PartyEdge]


class WhyLink(Schema):
    """A link to another killmail of the battle. deltaSeconds: from this killmail to the other; negative before it.

    quietLimitSeconds: the longest silence that the rule bridges, as in the detail of the battle; jumps likewise.
    """

    killmail_id: EveId
    reason: str
    score: Thousandths
    delta_seconds: int
    quiet_limit_seconds: int | None
    same_system: bool
    jumps: int | None
    shared_pilot_count: int
    shared_pilots: list[NamedEntity]


class Why(Schema):
    """All links of one killmail, the strongest first; `sharedPilots` has the first 20 of each."""

    battle_id: UUID
    revision: int
    killmail_id: EveId
    links: list[WhyLink]


class HalfTotals(Schema):
    """What one half of a split would be."""

    killmail_ids: list[EveId]
    start_time: UtcTime
    end_time: UtcTime
    killmails: int
    pilots: int
    isk_destroyed: Isk


class SplitPreview(Schema):
    """The halves of a suggested split. sharedPilots: pilots on killmails of both."""

    battle_id: UUID
    revision: int
    doubt: SplitReason
    halves: list[HalfTotals]
    shared_pilots: int


class RevisionDiff(Schema):
    """What differs between two revisions; ids are of killmails, totals those of the later less those of the former."""

    battle_id: UUID
    from_revision: int
    to_revision: int
    added: list[EveId]
    removed: list[EveId]
    total_kills: int
    total_participants: int
    total_isk_destroyed: Isk
    sides: int
