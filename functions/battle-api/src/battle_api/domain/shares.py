"""Shares of battles: links to a public card that a user makes by hand."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Final
from uuid import UUID

from battle_api.domain.list_rows import SideRow, TopPartyRow
from battle_api.domain.rows import Battle

MAX_ACTIVE: Final = 20
"""Shares of one battle that are neither revoked nor expired."""


@dataclass(frozen=True, slots=True)
class Share:
    """A row of `battle_shares`. Accounts are None for the owner of one machine without logins."""

    id: UUID
    battle_id: UUID
    token: str
    created_by: UUID | None
    created_at: datetime
    expires_at: datetime | None
    revoked_by: UUID | None
    revoked_at: datetime | None

    def is_active(self, now: datetime) -> bool:
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)


@dataclass(frozen=True, slots=True)
class CardLoss:
    """A loss as the card draws it."""

    occurred_at: datetime
    side_id: int | None


@dataclass(frozen=True, slots=True)
class TopLoss:
    killmail_id: int
    occurred_at: datetime
    side_id: int | None
    ship_type_name: str
    victim_name: str | None
    isk_value: Decimal


@dataclass(frozen=True, slots=True)
class SharedBattle:
    """What the card and the page of a share show.

    ships: losses without capsules. top_losses: the most valuable losses, for the page of reports only.
    """

    battle: Battle
    sides: list[SideRow]
    top_parties: list[TopPartyRow]
    losses: list[CardLoss]
    ships: int
    top_losses: list[TopLoss]


class PublicShares(StrEnum):
    """What readers without a login see of a shared battle."""

    OFF = "off"
    CARD = "card"
    REPORT = "report"


@dataclass(frozen=True, slots=True)
class Sharing:
    """What links to shares show, and where they lead. origin: of the web application; empty for paths alone."""

    mode: PublicShares = PublicShares.CARD
    origin: str = ""

    def page_url(self, token: str) -> str:
        return f"{self.origin}/s/{token}"

    def image_url(self, token: str) -> str:
        return f"{self.origin}/s/{token}.png"

    def battle_url(self, battle_id: UUID) -> str:
        return f"{self.origin}/battles/{battle_id}"
