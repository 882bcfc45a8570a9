"""The characters of an account: link, primary, unlink, and what a sold character leaves behind."""

from uuid import UUID

from account_api.clients.sso import SsoClient
from account_api.credentials.token_cipher import TokenCipher
from account_api.domain.accounts import AccountState, Character
from account_api.errors import LoginRefused, TokenUndecryptable
from account_api.events import SYSTEM, Origin
from account_api.repositories.characters import EncryptedRefreshToken, VerifiedCharacter
from account_api.services.account_changes import AccountChanges
from account_api.services.unit import AccountUnit
from battlescope_events.errors import PermanentError, TransientError
from battlescope_events.http_api.errors import ApiError
from battlescope_schemas.accounts.account import AuditAction


class CharacterService:
    def __init__(self, changes: AccountChanges, sso: SsoClient, cipher: TokenCipher) -> None:
        self._changes, self._sso, self._cipher = changes, sso, cipher

    async def link(self, account_id: UUID, verified: VerifiedCharacter, origin: Origin) -> None:
        """Add the character to the account, or renew its tokens if it is there already.

        Raises:
            LoginRefused: the character belongs to another account.
        """

        async def apply(unit: AccountUnit, before: AccountState) -> None:
            if not before.is_active:
                raise LoginRefused("not_authenticated", "account_ended")
            existing = await unit.characters.find(verified.eve_character_id)
            if existing is None:
                await unit.characters.insert(self._changes.new_id(), account_id, verified, unit.now)
            elif existing.account_id == account_id:
                await unit.characters.update(verified, unit.now)
            else:
                raise LoginRefused("character_exists", "character_of_another_account")
            metadata = {"name": verified.name, "isNew": existing is None}
            await unit.record(AuditAction.CHARACTER_LINKED, origin, ("character", verified.eve_character_id), metadata)

        await self._changes.change(account_id, apply, locked_character=verified.eve_character_id)

    async def set_primary(self, account_id: UUID, character_id: UUID, origin: Origin) -> None:
        """Raises `ApiError`: the character is not one of this account (400)."""

        async def apply(unit: AccountUnit, before: AccountState) -> None:
            character = _find(before, character_id)
            if character is None:
                raise ApiError(400, "characterId: is not a character of this account.")
            await unit.accounts.set_primary(account_id, character_id)
            metadata = {"before": _eve_id(before.primary), "after": _eve_id(character)}
            action = AuditAction.ACCOUNT_PRIMARY_CHARACTER_CHANGED
            await unit.record(action, origin, ("account", account_id), metadata)

        await self._changes.change(account_id, apply)

    async def unlink(self, account_id: UUID, character_id: UUID, origin: Origin) -> Character:
        """Remove the character; the primary one is followed by the oldest that remains. Returns the primary one.

        Raises:
            ApiError: there is no such character (404), or it is the only one (400).
        """
        refresh_tokens: list[EncryptedRefreshToken] = []

        async def apply(unit: AccountUnit, before: AccountState) -> Character:
            character = _find(before, character_id)
            if character is None:
                raise ApiError(404, f"There is no character {character_id} in this account.")
            remaining = [other for other in before.characters if other.id != character_id]
            if not remaining:
                raise ApiError(400, "The only character of an account cannot be unlinked.")
            tokens = await unit.characters.refresh_tokens(account_id)
            refresh_tokens.extend(t for t in tokens if t.eve_character_id == character.eve_character_id)
            return await _remove(unit, before, character, origin, "unlinked")

        primary = await self._changes.change(account_id, apply)
        await self.revoke(refresh_tokens)
        return primary

    async def unlink_sold(self, eve_character_id: int, owner_hash: str) -> None:
        """Take a character with a new owner away from the account of the old one.

        An account without a character can never log in again, so that it is deleted.
        """
        async with self._changes.unit() as unit:
            character = await unit.characters.find(eve_character_id)
        if character is None or character.owner_hash == owner_hash:
            return

        async def apply(unit: AccountUnit, before: AccountState) -> None:
            current = await unit.characters.find(eve_character_id)
            if current is None or current.owner_hash == owner_hash or current.account_id != before.account.id:
                return
            if len(before.characters) > 1:
                await _remove(unit, before, current, SYSTEM, "owner_changed")
                return
            await unit.accounts.delete(before.account.id, unit.now)
            await unit.accounts.anonymise(before.account.id, unit.now)
            await unit.tokens.delete_all(before.account.id)
            await unit.characters.delete(current.id)
            target, reason = ("account", before.account.id), {"reason": "owner_changed"}
            await unit.record(AuditAction.CHARACTER_UNLINKED, SYSTEM, ("character", eve_character_id), reason)
            await unit.record(AuditAction.ACCOUNT_DELETED, SYSTEM, target, reason)

        await self._changes.change(character.account_id, apply, locked_character=eve_character_id)

    async def revoke(self, tokens: list[EncryptedRefreshToken]) -> None:
        """Revoke refresh tokens at EVE SSO, as far as it answers; they are stored nowhere any more."""
        for token in tokens:
            try:
                await self._sso.revoke(self._cipher.decrypt(token.refresh_token, token.eve_character_id))
            except (TransientError, PermanentError, TokenUndecryptable):
                continue


async def _remove(
    unit: AccountUnit, before: AccountState, character: Character, origin: Origin, reason: str
) -> Character:
    """Delete the character; returns the primary one of the account after that."""
    remaining = [other for other in before.characters if other.id != character.id]
    primary = before.primary
    if primary is None or primary.id == character.id:
        primary = remaining[0]
        await unit.accounts.set_primary(before.account.id, primary.id)
        metadata = {"before": _eve_id(character), "after": _eve_id(primary), "reason": reason}
        target = ("account", before.account.id)
        await unit.record(AuditAction.ACCOUNT_PRIMARY_CHARACTER_CHANGED, origin, target, metadata)
    await unit.characters.delete(character.id)
    target = ("character", character.eve_character_id)
    metadata = {"name": character.name, "reason": reason, "accountId": str(before.account.id)}
    await unit.record(AuditAction.CHARACTER_UNLINKED, origin, target, metadata)
    return primary


def _find(state: AccountState, character_id: UUID) -> Character | None:
    return next((character for character in state.characters if character.id == character_id), None)


def _eve_id(character: Character | None) -> str | None:
    return str(character.eve_character_id) if character else None
