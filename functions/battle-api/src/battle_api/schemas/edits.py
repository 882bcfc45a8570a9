"""Response models of edits and revisions, and their construction from rows."""

from enum import StrEnum
from typing import Literal, cast
from uuid import UUID

from battle_api.domain.rows import Edit, Revision
from battle_api.schemas.edit_requests import PartyType
from battlescope_schemas.base import EveId, Isk, Schema, UtcTime

EditKind = Literal["tag", "split", "exclude", "scrub", "pin", "rename"]
CauseKind = Literal["killmail", "edit", "recluster", "value"]
RevisionReason = Literal[
    "created",
    "new_killmail",
    "retroactive_attribution",
    "recluster",
    "merge",
    "split",
    "edit",
    "value_changed",
    "merged",
    "deleted",
]


class EditState(StrEnum):
    """An edit, or its undoing, is pending until battle-cluster has reclustered the battles."""

    PENDING = "pending"
    APPLIED = "applied"
    UNDONE = "undone"


class EditItem(Schema):
    """A manual edit. Each field from `groups` to `name` belongs to one kind and is null for the others.

    authorCharacterId, undoneByCharacterId: the characters of the logins; null where there are no logins.
    """

    id: UUID
    battle_id: UUID
    kind: EditKind
    state: EditState
    killmail_ids: list[EveId]
    groups: list[list[EveId]] | None
    character_id: EveId | None
    party_type: PartyType | None
    party_id: EveId | None
    side_id: int | None
    name: str | None
    author: str
    author_character_id: EveId | None
    note: str | None
    made_at: UtcTime
    undone_at: UtcTime | None
    undone_by: str | None
    undone_by_character_id: EveId | None
    version: int


class EditBatchResult(Schema):
    """The edits in the order of the request."""

    items: list[EditItem]


class Edits(Schema):
    items: list[EditItem]
    total: int
    limit: int
    offset: int


class RevisionCause(Schema):
    """The killmail, edit or reclustering job that created the revision."""

    kind: CauseKind
    id: str


class RevisionDelta(Schema):
    """The totals minus those of the previous revision; for the first revision the totals."""

    total_kills: int
    total_participants: int
    total_isk_destroyed: Isk


class RevisionItem(Schema):
    """A revision of a battle: what changed, why, and the totals afterwards."""

    revision: int
    made_at: UtcTime
    reason: RevisionReason
    cause: RevisionCause
    added: list[EveId]
    removed: list[EveId]
    absorbed: list[UUID]
    sides: int
    total_kills: int
    total_participants: int
    total_isk_destroyed: Isk
    difference: RevisionDelta


class Revisions(Schema):
    items: list[RevisionItem]
    next_cursor: str | None
    has_more: bool


def edit_item(edit: Edit) -> EditItem:
    data, final_state = edit.data, EditState.UNDONE if edit.undone_at else EditState.APPLIED
    return EditItem(
        id=edit.id,
        battle_id=edit.battle_id,
        kind=cast("EditKind", edit.kind),
        state=final_state if edit.is_finished else EditState.PENDING,
        killmail_ids=edit.killmail_ids,
        groups=data.get("groups"),
        character_id=data.get("characterId"),
        party_type=data.get("partyType"),
        party_id=data.get("partyId"),
        side_id=data.get("sideId"),
        name=data.get("name"),
        author=edit.author,
        author_character_id=edit.author_character_id,
        note=edit.note,
        made_at=edit.made_at,
        undone_at=edit.undone_at,
        undone_by=edit.undone_by,
        undone_by_character_id=edit.undone_by_character_id,
        version=edit.version,
    )


def revision_item(row: Revision) -> RevisionItem:
    kind, _, cause = row.cause.partition(":")
    return RevisionItem(
        revision=row.revision,
        made_at=row.made_at,
        reason=cast("RevisionReason", row.reason),
        cause=RevisionCause(kind=cast("CauseKind", kind), id=cause),
        added=row.added,
        removed=row.removed,
        absorbed=row.absorbed,
        sides=row.sides,
        total_kills=row.total_kills,
        total_participants=row.total_participants,
        total_isk_destroyed=row.total_isk_destroyed,
        difference=RevisionDelta(
            total_kills=row.kills_delta, total_participants=row.participants_delta, total_isk_destroyed=row.isk_delta
        ),
    )
