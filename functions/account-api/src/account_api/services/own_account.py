"""What an account does with itself: names, preferences, deletion, and what is left of it after that."""

from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from account_api.domain.accounts import AccountState
from account_api.events import SYSTEM, Origin
from account_api.schemas.requests import AccountUpdate
from account_api.services.account_changes import AccountChanges
from account_api.services.characters import CharacterService
from account_api.services.unit import AccountUnit
from battlescope_events.http_api.errors import ApiError
from battlescope_schemas.accounts.account import AuditAction
from battlescope_schemas.accounts.session import token_digest

if TYPE_CHECKING:
    from account_api.repositories.characters import EncryptedRefreshToken

ANONYMISE_AFTER: Final = timedelta(days=7)
"""Until then the characters of a deleted account still refuse a login; the law allows 30 days."""


class OwnAccount:
    def __init__(self, changes: AccountChanges, characters: CharacterService) -> None:
        self._changes, self._characters = changes, characters

    async def update(self, account_id: UUID, change: AccountUpdate, origin: Origin) -> None:
        """Change the given fields.

        Raises:
            ApiError: no field is given, or the name is null (400), or another account has the address (409).
        """
        given = change.model_fields_set
        if not given:
            raise ApiError(400, "The request changes nothing.")
        if "display_name" in given and change.display_name is None:
            raise ApiError(400, "displayName: must not be null.")

        async def apply(unit: AccountUnit, before: AccountState) -> None:
            account = before.account
            email = change.email if "email" in given else account.email
            if email is not None and await unit.accounts.is_email_taken(account_id, email):
                raise ApiError(409, "email: another account has this address.")
            await unit.accounts.set_names(account_id, change.display_name or account.display_name, email)
            if change.accept_terms:
                await unit.accounts.accept_terms(account_id, unit.now)
            target = ("account", account_id)
            await unit.record(AuditAction.ACCOUNT_UPDATED, origin, target, {"fields": sorted(given)})

        await self._changes.change(account_id, apply)

    async def set_preferences(self, account_id: UUID, preferences: Mapping[str, Any], origin: Origin) -> None:
        """Replace the preferences; they concern nobody else, so that no event announces them."""
        async with self._changes.unit() as unit:
            if await unit.accounts.lock(account_id) is None:
                raise ApiError(404, f"There is no account {account_id}.")
            await unit.accounts.set_preferences(account_id, preferences)
            metadata = {"fields": ["preferences"]}
            await unit.record(AuditAction.ACCOUNT_UPDATED, origin, ("account", account_id), metadata)
        await self._changes.flush()

    async def log_out(self, account_id: UUID, token: str, origin: Origin) -> None:
        """End the session that has this token; another one of the account goes on."""
        async with self._changes.unit() as unit:
            await unit.lock(account_id)
            await self._changes.sessions.end(account_id, only=token_digest(token))
            await unit.record(AuditAction.ACCOUNT_LOGOUT, origin, ("account", account_id))
        await self._changes.flush()

    async def delete(self, account_id: UUID, confirmation: str, origin: Origin) -> None:
        """Delete the account: its tokens and roles now, what names a person after `ANONYMISE_AFTER`.

        Raises:
            ApiError: the confirmation is not the name of the primary character (400), or it is the account of the
                last SuperAdmin (409).
        """
        refresh_tokens: list[EncryptedRefreshToken] = []

        async def apply(unit: AccountUnit, before: AccountState) -> None:
            if before.primary is None or before.primary.name != confirmation:
                raise ApiError(400, "confirm: must be the name of the primary character.")
            await unit.require_another_super_admin(before)
            refresh_tokens.extend(await unit.characters.refresh_tokens(account_id))
            await unit.characters.forget_tokens(account_id)
            await unit.tokens.delete_all(account_id)
            await unit.accounts.delete(account_id, unit.now)
            await unit.record(AuditAction.ACCOUNT_DELETED, origin, ("account", account_id), {"reason": "own_request"})

        await self._changes.change(account_id, apply)
        await self._characters.revoke(refresh_tokens)

    async def anonymise_due(self) -> int:
        """Remove what names a person from accounts that were deleted long enough ago; how many they were."""
        async with self._changes.unit() as unit:
            due = await unit.accounts.due_for_anonymisation(unit.now - ANONYMISE_AFTER)
        for account_id in due:

            async def apply(unit: AccountUnit, before: AccountState) -> None:
                await unit.accounts.anonymise(before.account.id, unit.now)
                await unit.characters.delete_all(before.account.id)
                target, metadata = ("account", before.account.id), {"reason": "anonymised"}
                await unit.record(AuditAction.ACCOUNT_UPDATED, SYSTEM, target, metadata)

            await self._changes.change(account_id, apply)
        return len(due)
