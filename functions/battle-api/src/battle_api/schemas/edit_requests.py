"""What people may decide about a battle, as they write it down."""

from collections.abc import Sequence
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from pydantic import ConfigDict, Field, StringConstraints, model_validator

from battlescope_schemas.base import EveId, Schema

MAX_MERGED_KILLMAILS: Final = 50
MAX_SPLIT_KILLMAILS: Final = 5000
MAX_EXCLUDED_KILLMAILS: Final = 200
DEFAULT_AUTHOR: Final = "developer"

# PostgreSQL holds no NUL, and a name of several lines is none.
_ONE_LINE: Final = r"^[^\x00-\x1f\x7f]+$"
_NO_NUL: Final = r"^[^\x00]+$"
KillmailId = Annotated[EveId, Field(ge=1)]
Author = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=128, pattern=_ONE_LINE)]
Note = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=1000, pattern=_NO_NUL)]
BattleName = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=120, pattern=_ONE_LINE)]
PartyType = Literal["alliance", "corporation", "faction", "character"]


class StrictSchema(Schema):
    """Unknown fields are refused: a typing error must not quietly decide something else."""

    # Built at once: FastAPI reads the description of bodies when it reads the routes.
    model_config = ConfigDict(extra="forbid", defer_build=False)


class AuthoredRequest(StrictSchema):
    """A request of a person."""

    author: Author = DEFAULT_AUTHOR


class _EditRequest(AuthoredRequest):
    note: Note | None = None


class Merge(_EditRequest):
    """Holds this battle together with these killmails, or with those battles."""

    kind: Literal["tag"]
    killmail_ids: Annotated[list[KillmailId], Field(max_length=MAX_MERGED_KILLMAILS)] = Field(default_factory=list)
    battle_ids: Annotated[list[UUID], Field(max_length=MAX_MERGED_KILLMAILS)] = Field(default_factory=list)

    @model_validator(mode="after")
    def _check_not_empty(self) -> "Merge":
        if not self.killmail_ids and not self.battle_ids:
            raise ValueError("a tag names killmails or battles")
        return self


class Split(_EditRequest):
    """Keeps these groups of killmails apart. `doubt` tells which suggestion it was; nothing depends on it."""

    kind: Literal["split"]
    groups: Annotated[
        list[Annotated[list[KillmailId], Field(min_length=1, max_length=MAX_SPLIT_KILLMAILS)]],
        Field(min_length=2, max_length=5),
    ]
    doubt: Annotated[str, Field(max_length=50)] | None = None

    @model_validator(mode="after")
    def _check_groups(self) -> "Split":
        sets = [frozenset(group) for group in self.groups]
        size = sum(map(len, sets))
        if size != len(frozenset[int]().union(*sets)):
            raise ValueError("a killmail stands in one group only")
        if size > MAX_SPLIT_KILLMAILS:
            raise ValueError(f"a split names at most {MAX_SPLIT_KILLMAILS} killmails")
        return self


class Exclude(_EditRequest):
    """Takes these killmails out of every battle."""

    kind: Literal["exclude"]
    killmail_ids: Annotated[list[KillmailId], Field(min_length=1, max_length=MAX_EXCLUDED_KILLMAILS)]


class RemovePilot(_EditRequest):
    """Treats a killmail as if the pilot were not on it."""

    kind: Literal["scrub"]
    killmail_id: KillmailId
    character_id: EveId


class Pin(_EditRequest):
    """Puts a party on a side, wherever one of its killmails of this battle is."""

    kind: Literal["pin"]
    party_type: PartyType
    party_id: EveId
    side_id: Annotated[int, Field(ge=1, le=9)]


class Rename(_EditRequest):
    """Gives the battle a name, or with null takes it away."""

    kind: Literal["rename"]
    name: BattleName | None


EditRequest = Annotated[Merge | Split | Exclude | RemovePilot | Pin | Rename, Field(discriminator="kind")]


class UndoRequest(AuthoredRequest):
    """Takes an edit back."""


def unique(killmail_ids: Sequence[int]) -> list[int]:
    return list(dict.fromkeys(killmail_ids))


def edit_data(edit: Merge | Split | Exclude | RemovePilot | Pin | Rename) -> dict[str, Any]:
    """What the edit says beside its killmails, in the form that is kept."""
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
