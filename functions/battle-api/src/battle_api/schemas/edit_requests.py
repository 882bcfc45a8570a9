"""Request bodies of manual edits."""

from collections.abc import Sequence
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from pydantic import Field, StringConstraints, model_validator

from battlescope_events.http_api.request_types import (
    LINES,
    ONE_LINE,
    ONE_LINE_PATTERN,
    AuthoredBody,
    JsonInteger,
    RequestBody,
    RequestId,
)

MAX_MERGED_KILLMAILS: Final = 50
MAX_SPLIT_KILLMAILS: Final = 5000
MAX_EXCLUDED_KILLMAILS: Final = 200
MAX_EDITS: Final = 20  # of one request; a battle has fewer parties to move

Note = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=1000), LINES]
BattleName = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=120), ONE_LINE, ONE_LINE_PATTERN
]
SplitReason = Literal["lull", "bridge-kill", "sub-fights"]
PartyType = Literal["alliance", "corporation", "faction", "character"]


class _BaseEdit(AuthoredBody):
    note: Note | None = None


class Merge(_BaseEdit):
    """Keeps these killmails or battles in one battle with this battle's first killmail."""

    kind: Literal["tag"]
    killmail_ids: Annotated[list[RequestId], Field(max_length=MAX_MERGED_KILLMAILS)] = Field(default_factory=list)
    battle_ids: Annotated[list[UUID], Field(max_length=MAX_MERGED_KILLMAILS)] = Field(default_factory=list)

    @model_validator(mode="after")
    def _check_not_empty(self) -> "Merge":
        if not self.killmail_ids and not self.battle_ids:
            raise ValueError("a tag must name killmails or battles")
        return self


class Split(_BaseEdit):
    """Keeps these groups of killmails in different battles. `doubt`, from a suggestion, has no effect."""

    kind: Literal["split"]
    groups: Annotated[
        list[Annotated[list[RequestId], Field(min_length=1, max_length=MAX_SPLIT_KILLMAILS)]],
        Field(min_length=2, max_length=5),
    ]
    doubt: SplitReason | None = None

    @model_validator(mode="after")
    def _check_groups(self) -> "Split":
        sets = [frozenset(group) for group in self.groups]
        size = sum(map(len, sets))
        if size != len(frozenset[int]().union(*sets)):
            raise ValueError("a killmail must be in one group only")
        if size > MAX_SPLIT_KILLMAILS:
            raise ValueError(f"a split may name at most {MAX_SPLIT_KILLMAILS} killmails")
        return self


class Exclude(_BaseEdit):
    """Removes these killmails from all battles."""

    kind: Literal["exclude"]
    killmail_ids: Annotated[list[RequestId], Field(min_length=1, max_length=MAX_EXCLUDED_KILLMAILS)]


class RemovePilot(_BaseEdit):
    """Removes a pilot from a killmail."""

    kind: Literal["scrub"]
    killmail_id: RequestId
    character_id: RequestId


class Pin(_BaseEdit):
    """Assigns a party to a side, in every battle that contains one of its killmails of this battle."""

    kind: Literal["pin"]
    party_type: PartyType
    party_id: RequestId
    side_id: Annotated[JsonInteger, Field(ge=1, le=9)]


class Rename(_BaseEdit):
    """Sets the name of the battle, or removes it with null."""

    kind: Literal["rename"]
    name: BattleName | None


EditRequest = Annotated[Merge | Split | Exclude | RemovePilot | Pin | Rename, Field(discriminator="kind")]


class EditBatch(RequestBody):
    """Several edits of one battle: all of them are stored, or none."""

    edits: Annotated[list[EditRequest], Field(min_length=1, max_length=MAX_EDITS)]


class UndoRequest(AuthoredBody):
    """Undoes an edit."""


def unique(killmail_ids: Sequence[int]) -> list[int]:
    """The ids without duplicates, in their order."""
    return list(dict.fromkeys(killmail_ids))


def edit_data(edit: Merge | Split | Exclude | RemovePilot | Pin | Rename) -> dict[str, Any]:
    """The fields of the edit other than its killmails, as the column `data` stores them."""
    match edit:
        case Split():
            return {"groups": [unique(group) for group in edit.groups]}
        case RemovePilot():
            return {"characterId": edit.character_id}
        case Pin():
            return {"partyType": edit.party_type, "partyId": edit.party_id, "sideId": edit.side_id}
        case Rename():
            return {"name": edit.name}
        case Merge() | Exclude():
            return {}
