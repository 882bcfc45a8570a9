"""Access tokens of ESI for linked characters: renewed on demand, one renewal at a time for each character."""

from datetime import timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

from account_api.clients.sso import GrantRefused, SsoClient
from account_api.credentials.access_token_verifier import AccessTokenVerifier
from account_api.credentials.token_cipher import TokenCipher
from account_api.domain.sso_claims import InvalidToken
from account_api.errors import TokenUndecryptable
from account_api.repositories.characters import StoredTokens
from account_api.services.account_changes import AccountChanges
from account_api.services.unit import AccountUnit
from battlescope_events.errors import PermanentError, TransientError

RENEW_BEFORE: Final = timedelta(minutes=5)


class TokenState(StrEnum):
    """The health of a refresh token, as the last renewal left it."""

    OK = "ok"
    REFRESH_FAILED = "refresh_failed"
    REVOKED = "revoked"


class EsiTokens:
    def __init__(
        self, changes: AccountChanges, sso: SsoClient, verifier: AccessTokenVerifier, cipher: TokenCipher
    ) -> None:
        self._changes, self._sso, self._verifier, self._cipher = changes, sso, verifier, cipher

    async def renew(self, character_id: UUID) -> TokenState | None:
        """Renew the tokens of a character that expire soon; the row is locked, since a refresh token may work once.

        Returns:
            The health of its refresh token; None if the character is unlinked.
        """
        async with self._changes.unit() as unit:
            stored = await unit.characters.lock_tokens(character_id)
            if stored is None:
                return None
            is_fresh = stored.token_expires_at is not None and stored.token_expires_at > unit.now + RENEW_BEFORE
            if stored.refresh_token is None or stored.token_state == TokenState.REVOKED or is_fresh:
                return TokenState(stored.token_state)
            state = await self._renew(unit, character_id, stored, stored.refresh_token)
            if state is not TokenState.OK:
                await unit.characters.set_token_state(character_id, state, unit.now)
            return state

    async def _renew(self, unit: AccountUnit, character_id: UUID, stored: StoredTokens, encrypted: str) -> TokenState:
        eve_id = stored.eve_character_id
        try:
            refresh_token = self._cipher.decrypt(encrypted, eve_id)
            grant = await self._sso.refresh(refresh_token)
            identity = await self._verifier.verify(grant.access_token)
        except (GrantRefused, TokenUndecryptable):
            return TokenState.REVOKED
        except (TransientError, PermanentError, InvalidToken):
            return TokenState.REFRESH_FAILED
        if identity.character_id != eve_id:
            return TokenState.REVOKED
        access = self._cipher.encrypt(grant.access_token, eve_id)
        refresh = self._cipher.encrypt(grant.refresh_token or refresh_token, eve_id)
        await unit.characters.set_tokens(character_id, access, refresh, identity.expires_at, unit.now)
        return TokenState.OK
