"""Rows as the API shows them."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any, Final, Literal, Protocol
from uuid import UUID

from account_api.domain.accounts import AccountState, Character
from account_api.domain.features import ROLE_OF_RANK
from account_api.schemas.me import (
    AccessTokenItem,
    AccountItem,
    AllianceGroup,
    CharacterItem,
    CorporationGroup,
    Me,
    ProfileRole,
    ProfileStats,
    RoleItem,
)
from account_api.schemas.requests import Preferences

TokenStatus = Literal["valid", "expiring", "expired"]
TOKEN_STATUS: Final[Mapping[str, TokenStatus]] = {
    "ok": "valid",
    "refresh_failed": "expiring",
    "revoked": "expired",
}


class RoleFields(Protocol):
    """A role of an account with its feature."""

    @property
    def feature_key(self) -> str: ...
    @property
    def feature_name(self) -> str: ...
    @property
    def rank(self) -> int: ...
    @property
    def granted_at(self) -> datetime: ...


class TokenFields(Protocol):
    """A personal access token as its owner sees it."""

    @property
    def id(self) -> UUID: ...
    @property
    def name(self) -> str: ...
    @property
    def can_write(self) -> bool: ...
    @property
    def created_at(self) -> datetime: ...
    @property
    def expires_at(self) -> datetime: ...


def portrait_url(image_host: str, eve_character_id: int) -> str:
    return f"{image_host}/characters/{eve_character_id}/portrait"


def character_item(character: Character, primary_id: UUID | None, image_host: str) -> CharacterItem:
    return CharacterItem(
        id=character.id,
        eve_character_id=character.eve_character_id,
        eve_character_name=character.name,
        portrait_url=portrait_url(image_host, character.eve_character_id),
        corp_id=character.corporation_id,
        corp_name=character.corporation_name,
        alliance_id=character.alliance_id,
        alliance_name=character.alliance_name,
        is_primary=character.id == primary_id,
        scopes=list(character.scopes),
        token_status=TOKEN_STATUS[character.token_state],
        token_expires_at=character.token_expires_at,
        last_verified_at=character.last_verified_at,
        created_at=character.created_at,
    )


def characters_of(state: AccountState, image_host: str) -> list[CharacterItem]:
    """Characters in the order in which they were linked."""
    return [character_item(c, state.account.primary_character_id, image_host) for c in state.characters]


def me(state: AccountState, image_host: str) -> Me:
    account, characters = state.account, characters_of(state, image_host)
    return Me(
        id=account.id,
        display_name=account.display_name,
        email=account.email,
        is_super_admin=account.is_super_admin,
        terms_accepted_at=account.terms_accepted_at,
        last_login_at=account.last_login_at,
        primary_character=next((item for item in characters if item.is_primary), None),
        characters=characters,
        roles=role_items(state.roles),
    )


def role_items(roles: Mapping[str, int]) -> list[RoleItem]:
    return [RoleItem(feature=f, role=ROLE_OF_RANK[rank], rank=rank) for f, rank in sorted(roles.items())]


def account_item(state: AccountState) -> AccountItem:
    account = state.account
    return AccountItem(
        id=account.id,
        display_name=account.display_name,
        email=account.email,
        last_login_at=account.last_login_at,
        created_at=account.created_at,
    )


def grouped(characters: Iterable[CharacterItem]) -> list[AllianceGroup]:
    """Alliances, their corporations and characters by name; characters without an alliance last."""

    def by_organisation(item: CharacterItem) -> tuple[Any, ...]:
        alliance = (item.alliance_id is None, (item.alliance_name or "").lower(), item.alliance_id or 0)
        return (*alliance, item.corp_name.lower(), item.corp_id, item.eve_character_name.lower())

    ordered = sorted(characters, key=by_organisation)
    return [
        AllianceGroup(alliance_id=alliance[0], alliance_name=alliance[1], corporations=_corporations(list(members)))
        for alliance, members in groupby(ordered, key=lambda item: (item.alliance_id, item.alliance_name))
    ]


def _corporations(characters: Sequence[CharacterItem]) -> list[CorporationGroup]:
    return [
        CorporationGroup(corp_id=corp[0], corp_name=corp[1], characters=list(members))
        for corp, members in groupby(characters, key=lambda item: (item.corp_id, item.corp_name))
    ]


def stats(characters: Sequence[CharacterItem]) -> ProfileStats:
    return ProfileStats(
        total_characters=len(characters),
        unique_alliances=len({item.alliance_id for item in characters if item.alliance_id}),
        unique_corporations=len({item.corp_id for item in characters}),
    )


def profile_role(row: RoleFields) -> ProfileRole:
    return ProfileRole(
        feature_key=row.feature_key,
        feature_name=row.feature_name,
        role_key=ROLE_OF_RANK[row.rank],
        role_rank=row.rank,
        granted_at=row.granted_at,
    )


def token_item(row: TokenFields) -> AccessTokenItem:
    return AccessTokenItem(
        id=row.id, name=row.name, can_write=row.can_write, created_at=row.created_at, expires_at=row.expires_at
    )


def preferences_of(state: AccountState) -> Preferences:
    """The stored preferences; a field that a later release has written is left out."""
    known = {name: value for name, value in state.account.preferences.items() if name in _FIELDS}
    return Preferences.model_validate(known)


_FIELDS: Final = {field.alias or name for name, field in Preferences.model_fields.items()}
