"""Request bodies."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from account_api.domain.features import RoleKey
from battlescope_events.http_api.request_types import (
    ONE_LINE,
    ONE_LINE_PATTERN,
    JsonFlag,
    JsonInteger,
    RequestBody,
    RequestId,
    SingleLine,
)

Email = Annotated[
    str, StringConstraints(max_length=254, pattern=r"^[A-Za-z0-9._%+'-]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+$")
]
Reason = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500), ONE_LINE, ONE_LINE_PATTERN
]
ColumnName = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9]{0,39}$")]
MAX_DAYS = 366


class AccountUpdate(RequestBody):
    """The fields to change; `email` null removes the address, `acceptTerms` accepts the terms of use if it is true."""

    display_name: SingleLine | None = None
    email: Email | None = None
    accept_terms: JsonFlag | None = None


class Preferences(RequestBody):
    """How the web application looks to this account. `columns` are the visible columns by page."""

    theme: Literal["dark", "light", "system"] = "system"
    density: Literal["comfortable", "compact"] = "comfortable"
    isk_form: Literal["short", "full"] = "short"
    columns: Annotated[
        dict[ColumnName, Annotated[list[ColumnName], Field(max_length=40)]],
        Field(max_length=40, default_factory=dict, json_schema_extra={"additionalProperties": False}),
    ]


class PrimaryCharacter(RequestBody):
    character_id: UUID


class Deletion(RequestBody):
    """`confirm` is the name of the primary character."""

    confirm: SingleLine


class NewAccessToken(RequestBody):
    """A token reads what its account may read; with `canWrite` it also writes battle reports."""

    name: SingleLine
    can_write: JsonFlag = False
    expires_in_days: Annotated[JsonInteger, Field(ge=1, le=MAX_DAYS)] = 90


class Block(RequestBody):
    reason: Reason


class RoleAssignment(RequestBody):
    feature_key: SingleLine
    role_key: RoleKey


class AuthConfigUpdate(RequestBody):
    """The fields to change; a list replaces the one before."""

    require_membership: JsonFlag | None = None
    allowed_corp_ids: Annotated[list[RequestId], Field(max_length=1000)] | None = None
    allowed_alliance_ids: Annotated[list[RequestId], Field(max_length=1000)] | None = None
    denied_corp_ids: Annotated[list[RequestId], Field(max_length=1000)] | None = None
    denied_alliance_ids: Annotated[list[RequestId], Field(max_length=1000)] | None = None
