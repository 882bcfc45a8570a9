"""Accounts and their characters."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Affiliation:
    """The organisation of a character; ids with their names."""

    corporation_id: int
    corporation_name: str
    alliance_id: int | None = None
    alliance_name: str | None = None


@dataclass(frozen=True, slots=True)
class Character:
    """A linked character. `token_state` is the health of its refresh token: ok, refresh_failed or revoked."""

    id: UUID
    account_id: UUID
    eve_character_id: int
    name: str
    owner_hash: str
    corporation_id: int
    corporation_name: str
    alliance_id: int | None
    alliance_name: str | None
    scopes: Sequence[str]
    token_state: str
    token_expires_at: datetime | None
    last_verified_at: datetime
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Account:
    """An account. `denied_rule` refuses its organisation since its newest login, or a later change of the rules."""

    id: UUID
    display_name: str
    email: str | None
    primary_character_id: UUID | None
    is_super_admin: bool
    is_blocked: bool
    deleted_at: datetime | None
    terms_accepted_at: datetime | None
    preferences: Mapping[str, Any]
    version: int
    last_login_at: datetime | None
    created_at: datetime
    denied_rule: str | None


@dataclass(frozen=True, slots=True)
class AccountState:
    """An account with everything that decides what it may do; characters are in order of linking.

    roles: the rank by feature.
    """

    account: Account
    characters: Sequence[Character]
    roles: Mapping[str, int] = field(default_factory=dict[str, int])

    @property
    def primary(self) -> Character | None:
        return next((c for c in self.characters if c.id == self.account.primary_character_id), None)

    @property
    def is_active(self) -> bool:
        """Whether the account may have a session and access tokens that work."""
        has_ended = self.account.is_blocked or self.account.deleted_at is not None
        return not has_ended and self.account.denied_rule is None and self.primary is not None
