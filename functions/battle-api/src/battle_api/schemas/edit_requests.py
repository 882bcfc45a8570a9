"""What people may decide about a battle, as they write it down."""

from collections.abc import Sequence
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from pydantic import ConfigDict, Field, StringConstraints, model_validator

from battlescope_schemas.base import EveId, Schema

MOST_HELD: Final = 50
MOST_IN_SPLIT: Final = 5000
MOST_EXCLUDED: Final = 200
DEVELOPER: Final = "developer"

# PostgreSQL holds no NUL, and a name of several lines is none.
_ONE_LINE: Final = r"^[^\x00-\x1f\x7f]+$"
_NO_NUL: Final = r"^[^\x00]+$"
KillmailId = Annotated[EveId, Field(ge=1)]
Author = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=128, pattern=_ONE_LINE)]
Note = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=1000, pattern=_NO_NUL)]
BattleName = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=120, pattern=_ONE_LINE)]
PartyType = Literal["alliance", "corporation", "faction", "character"]


class Strict(Schema):
    """Unknown fields are refused: a typing error must not quietly decide something else."""

    # Built at once: FastAPI reads the description of bodies when it reads the routes.
    model_config = ConfigDict(extra="forbid", defer_build=False)


class AuthoredRequest(Strict):
    """A request of a person."""

    author: Author = DEVELOPER


class _Edit(AuthoredRequest):
    note: Note | None = None


class Merge(_Edit):
    """Holds this battle together with these killmails, or with those battles."""

    kind: Literal["tag"]
    killmail_ids: Annotated[list[KillmailId], Field(max_length=MOST_HELD)] = Field(default_factory=list)
    battle_ids: Annotated[list[UUID], Field(max_length=MOST_HELD)] = Field(default_factory=list)

    @model_validator(mode="after")
    def _names_something(self) -> "Merge":
        if not self.killmail_ids and not self.battle_ids:
            raise ValueError("a tag names killmails or battles")
        return self


class Split(_Edit):
    """Keeps these groups of killmails apart. `doubt` tells which suggestion it was; nothing depends on it."""

    kind: Literal["split"]
    groups: Annotated[
        list[Annotated[list[KillmailId], Field(min_length=1, max_length=MOST_IN_SPLIT)]],
        Field(min_length=2, max_length=5),
    ]
    doubt: Annotated[str, Field(max_length=50)] | None = None

    @model_validator(mode="after")
    def _groups_are_apart(self) -> "Split":
        sets = [frozenset(group) for group in self.groups]
        size = sum(map(len, sets))
        if size != len(frozenset[int]().union(*sets)):
            raise ValueError("a killmail stands in one group only")
        if size > MOST_IN_SPLIT:
            raise ValueError(f"a split names at most {MOST_IN_SPLIT} killmails")
        return self


class Exclude(_Edit):
    """Takes these killmails out of every battle."""

    kind: Literal["exclude"]
    killmail_ids: Annotated[list[KillmailId], Field(min_length=1, max_length=MOST_EXCLUDED)]


class RemovePilot(_Edit):
    """Treats a killmail as if the pilot were not on it."""

    kind: Literal["scrub"]
    killmail_id: KillmailId
    character_id: EveId


class Pin(_Edit):
    """Puts a party on a side, wherever one of its killmails of this battle is."""

    kind: Literal["pin"]
    party_type: PartyType
    party_id: EveId
    side_id: Annotated[int, Field(ge=1, le=9)]


class Rename(_Edit):
    """Gives the battle a name, or with null takes it away."""

    kind: Literal["rename"]
    name: BattleName | None


Edit = Annotated[Merge | Split | Exclude | RemovePilot | Pin | Rename, Field(discriminator="kind")]


class Undo(AuthoredRequest):
    """Takes an edit back."""


def once(killmail_ids: Sequence[int]) -> list[int]:
    return list(dict.fromkeys(killmail_ids))


def data(edit: Merge | Split | Exclude | RemovePilot | Pin | Rename) -> dict[str, Any]:
    """What the edit says beside its killmails, in the form that is kept."""
    match edit:
        case Split():
            return {"groups": [once(group) for group in edit.groups]}
        case RemovePilot():
            return {"characterId": edit.character_id}
        case Pin():
            return {"partyType": edit.party_type, "partyId": edit.party_id, "sideId": edit.side_id}
        case Rename():
            return {"name": edit.name}
        case Merge() | Exclude():
            return {}
