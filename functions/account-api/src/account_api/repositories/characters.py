"""Characters and their encrypted ESI tokens."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final, LiteralString, NamedTuple
from uuid import UUID

from account_api.domain.accounts import Affiliation, Character
from battlescope_events.postgres.database import Connection

_COLUMNS: Final[LiteralString] = """
SELECT id, account_id, eve_character_id, name, owner_hash, corporation_id, corporation_name, alliance_id,
    alliance_name, scopes, token_state, token_expires_at, last_verified_at, created_at
FROM characters
"""
CHARACTERS_OF_ACCOUNT: Final[LiteralString] = (
    _COLUMNS + "WHERE account_id = %(account_id)s::uuid ORDER BY created_at, id"
)
CHARACTER: Final[LiteralString] = _COLUMNS + "WHERE eve_character_id = %(eve_character_id)s::bigint"
# Serialises logins and links of one character, also of one that is not stored yet.
LOCK_CHARACTER: Final[LiteralString] = "SELECT pg_advisory_xact_lock(%(eve_character_id)s::bigint)"
INSERT_CHARACTER: Final[LiteralString] = """
INSERT INTO characters (id, account_id, eve_character_id, name, owner_hash, corporation_id, corporation_name,
    alliance_id, alliance_name, scopes, access_token, refresh_token, token_expires_at, last_refresh_at,
    last_verified_at, created_at, updated_at)
VALUES (%(id)s::uuid, %(account_id)s::uuid, %(eve_character_id)s::bigint, %(name)s::text, %(owner_hash)s::text,
    %(corporation_id)s::bigint, %(corporation_name)s::text, %(alliance_id)s::bigint, %(alliance_name)s::text,
    %(scopes)s::text[], %(access_token)s::text, %(refresh_token)s::text, %(token_expires_at)s::timestamptz,
    %(now)s::timestamptz, %(now)s::timestamptz, %(now)s::timestamptz, %(now)s::timestamptz)
"""
UPDATE_CHARACTER: Final[LiteralString] = """
UPDATE characters SET name = %(name)s::text, corporation_id = %(corporation_id)s::bigint,
    corporation_name = %(corporation_name)s::text, alliance_id = %(alliance_id)s::bigint,
    alliance_name = %(alliance_name)s::text, scopes = %(scopes)s::text[], access_token = %(access_token)s::text,
    refresh_token = %(refresh_token)s::text, token_expires_at = %(token_expires_at)s::timestamptz, token_state = 'ok',
    last_refresh_at = %(now)s::timestamptz, last_verified_at = %(now)s::timestamptz, updated_at = %(now)s::timestamptz
WHERE eve_character_id = %(eve_character_id)s::bigint
"""
SET_AFFILIATION: Final[LiteralString] = """
UPDATE characters SET corporation_id = %(corporation_id)s::bigint, corporation_name = %(corporation_name)s::text,
    alliance_id = %(alliance_id)s::bigint, alliance_name = %(alliance_name)s::text,
    last_verified_at = %(now)s::timestamptz, updated_at = %(now)s::timestamptz
WHERE eve_character_id = %(eve_character_id)s::bigint
"""
DELETE_CHARACTER: Final[LiteralString] = "DELETE FROM characters WHERE id = %(id)s::uuid"
DELETE_CHARACTERS: Final[LiteralString] = "DELETE FROM characters WHERE account_id = %(account_id)s::uuid"
FORGET_TOKENS: Final[LiteralString] = """
UPDATE characters SET access_token = NULL, refresh_token = NULL, token_expires_at = NULL, token_state = 'revoked'
WHERE account_id = %(account_id)s::uuid
"""
REFRESH_TOKENS: Final[LiteralString] = """
SELECT eve_character_id, refresh_token FROM characters
WHERE account_id = %(account_id)s::uuid AND refresh_token IS NOT NULL ORDER BY eve_character_id
"""


class EncryptedRefreshToken(NamedTuple):
    eve_character_id: int
    refresh_token: str


@dataclass(frozen=True, slots=True)
class VerifiedCharacter:
    """A character as EVE SSO and ESI describe it at a login; its tokens are encrypted."""

    eve_character_id: int
    name: str
    owner_hash: str
    affiliation: Affiliation
    scopes: tuple[str, ...]
    access_token: str
    refresh_token: str | None
    token_expires_at: datetime


class CharacterRepository:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def lock(self, eve_character_id: int) -> None:
        """Let nobody else log in with the character, or link it, until the transaction ends."""
        await self._connection.execute(LOCK_CHARACTER, {"eve_character_id": eve_character_id})

    async def find(self, eve_character_id: int) -> Character | None:
        return await self._connection.row(Character, CHARACTER, {"eve_character_id": eve_character_id})

    async def of_account(self, account_id: UUID) -> list[Character]:
        """Characters in the order in which they were linked."""
        return await self._connection.rows(Character, CHARACTERS_OF_ACCOUNT, {"account_id": account_id})

    async def insert(self, character_id: UUID, account_id: UUID, character: VerifiedCharacter, now: datetime) -> None:
        params = {**_params(character, now), "id": character_id, "account_id": account_id}
        await self._connection.execute(INSERT_CHARACTER, {**params, "owner_hash": character.owner_hash})

    async def update(self, character: VerifiedCharacter, now: datetime) -> None:
        await self._connection.execute(UPDATE_CHARACTER, _params(character, now))

    async def set_affiliation(self, eve_character_id: int, affiliation: Affiliation, now: datetime) -> None:
        params = {"eve_character_id": eve_character_id, **_affiliation(affiliation), "now": now}
        await self._connection.execute(SET_AFFILIATION, params)

    async def delete(self, character_id: UUID) -> None:
        await self._connection.execute(DELETE_CHARACTER, {"id": character_id})

    async def delete_all(self, account_id: UUID) -> None:
        await self._connection.execute(DELETE_CHARACTERS, {"account_id": account_id})

    async def refresh_tokens(self, account_id: UUID) -> list[EncryptedRefreshToken]:
        return await self._connection.rows(EncryptedRefreshToken, REFRESH_TOKENS, {"account_id": account_id})

    async def forget_tokens(self, account_id: UUID) -> None:
        await self._connection.execute(FORGET_TOKENS, {"account_id": account_id})


def _params(character: VerifiedCharacter, now: datetime) -> dict[str, object]:
    return {
        "eve_character_id": character.eve_character_id,
        "name": character.name,
        **_affiliation(character.affiliation),
        "scopes": list(character.scopes),
        "access_token": character.access_token,
        "refresh_token": character.refresh_token,
        "token_expires_at": character.token_expires_at,
        "now": now,
    }


def _affiliation(affiliation: Affiliation) -> dict[str, object]:
    return {
        "corporation_id": affiliation.corporation_id,
        "corporation_name": affiliation.corporation_name,
        "alliance_id": affiliation.alliance_id,
        "alliance_name": affiliation.alliance_name,
    }
