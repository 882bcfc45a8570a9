"""Requests for shares of battles, and responses."""

from typing import Annotated
from uuid import UUID

from pydantic import Field

from battlescope_events.http_api.request_types import JsonInteger, RequestBody
from battlescope_schemas.base import Schema, UtcTime


class ShareRequest(RequestBody):
    """expiresInDays: null for a link without an end."""

    expires_in_days: Annotated[JsonInteger, Field(ge=1, le=365)] | None = None


class ShareItem(Schema):
    """A link to the public card of a battle.

    url: of the page, imageUrl: of the picture of 1200 x 630. createdBy, revokedBy: accounts, null for the owner of one
    machine without logins. isActive: neither revoked nor expired.
    """

    id: UUID
    battle_id: UUID
    token: str
    url: str
    image_url: str
    created_by: UUID | None
    created_at: UtcTime
    expires_at: UtcTime | None
    revoked_by: UUID | None
    revoked_at: UtcTime | None
    is_active: bool


class Shares(Schema):
    """The newest first, at most 200. publicShares: what the links show: `off`, `card` or `report`."""

    items: list[ShareItem]
    public_shares: str
