"""Who gets a session: the account of a character is found or created, gated, and given its one session."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from account_api.domain.accounts import AccountState, Affiliation
from account_api.domain.features import RANKS, RoleKey
from account_api.domain.sso_claims import SsoIdentity
from account_api.errors import LoginRefused
from account_api.events import SYSTEM, Origin
from account_api.repositories.characters import VerifiedCharacter
from account_api.services.account_changes import AccountChanges
from account_api.services.organisation_gate import OrganisationGate
from account_api.services.unit import AccountUnit
from battlescope_schemas.accounts.account import AuditAction
from battlescope_schemas.accounts.session import Session


@dataclass(frozen=True, slots=True)
class Admission:
    """default_roles: of new accounts; super_admin_characters: whose accounts become SuperAdmins at their login."""

    changes: AccountChanges
    default_roles: Mapping[str, RoleKey]
    super_admin_characters: frozenset[int]
    gate: OrganisationGate

    async def primary_of(self, eve_character_id: int) -> int | None:
        """The EVE id of the primary character of a character's account."""
        async with self.changes.unit() as unit:
            character = await unit.characters.find(eve_character_id)
            state = await unit.state(character.account_id) if character else None
        return state.primary.eve_character_id if state and state.primary else None

    async def admit(
        self,
        identity: SsoIdentity,
        verified: VerifiedCharacter | None,
        affiliations: Mapping[int, Affiliation],
        origin: Origin,
    ) -> UUID:
        """The account of the character, new or with what SSO and ESI say now. Its primary character is gated.

        An account that is denied loses its session, and its access tokens work again after a login that is allowed.
        `verified` is None while ESI does not answer: then what is stored decides, and nobody new gets in.

        Raises:
            LoginRefused: the account is blocked, deleted or of an organisation that may not log in.
        """
        async with self.changes.unit() as unit:
            await unit.characters.lock(identity.character_id)
            state = await _locked_account(unit, identity.character_id)
            if state is None:
                return await self._create(unit, identity, verified, origin)
            if state.account.is_blocked or state.account.deleted_at is not None:
                reason = "account_blocked" if state.account.is_blocked else "account_deleted"
                raise LoginRefused("access_denied", reason)
            current = await unit.characters.find(identity.character_id)
            if current is None or current.owner_hash != identity.owner_hash:
                raise LoginRefused("auth_failed", "owner_changed_meanwhile")
            for character_id, affiliation in affiliations.items():
                await unit.characters.set_affiliation(character_id, affiliation, unit.now)
            if verified is not None:
                await unit.characters.update(verified, unit.now)
            account_id = state.account.id
            await self._promote(unit, state, origin)
            refusal = await self._gate(unit, account_id)
            after = await self.changes.finish(unit, account_id)
            if refusal is not None:
                await self.changes.end_access(unit, after)
        if refusal is not None:
            raise refusal
        await self.changes.synchronise(account_id)
        return account_id

    async def start_session(
        self,
        account_id: UUID,
        digest: str,
        make_session: Callable[[AccountState, datetime], Session],
        identity: SsoIdentity,
        origin: Origin,
    ) -> Session:
        """Start the session of an account under its lock, so that no block that was committed before is overlooked.

        Raises:
            LoginRefused: the account was blocked or deleted meanwhile.
        """
        async with self.changes.unit() as unit:
            state = await unit.lock(account_id)
            if state is None or not state.is_active:
                raise LoginRefused("access_denied", "account_ended")
            session = make_session(state, unit.now)
            await unit.accounts.set_login(account_id, unit.now)
            metadata = {"characterId": str(identity.character_id), "characterName": identity.name}
            by_account = Origin(account_id, origin.ip, origin.user_agent)
            await unit.record(AuditAction.ACCOUNT_LOGIN, by_account, ("account", account_id), metadata)
            await self.changes.sessions.start(digest, session)
        return session

    async def _create(
        self, unit: AccountUnit, identity: SsoIdentity, verified: VerifiedCharacter | None, origin: Origin
    ) -> UUID:
        if verified is None:
            raise LoginRefused("auth_failed", "organisation_unknown")
        account_id, character_id = self.changes.new_id(), self.changes.new_id()
        await unit.accounts.insert(account_id, identity.name, character_id, unit.now)
        await unit.characters.insert(character_id, account_id, verified, unit.now)
        for feature, role in self.default_roles.items():
            await unit.accounts.set_role(account_id, feature, RANKS[role], None, unit.now)
        by_account = Origin(account_id, origin.ip, origin.user_agent)
        await unit.record(AuditAction.ACCOUNT_CREATED, by_account, ("account", account_id), {"name": identity.name})
        metadata = {"name": identity.name, "isNew": True}
        await unit.record(AuditAction.CHARACTER_LINKED, by_account, ("character", identity.character_id), metadata)
        state = await unit.state(account_id)
        assert state is not None  # noqa: S101  # inserted above
        await self._promote(unit, state, by_account)
        refusal = await self._gate(unit, account_id)
        if refusal is not None:
            raise refusal  # nothing of the new account is kept
        await self.changes.finish(unit, account_id)
        return account_id

    async def _promote(self, unit: AccountUnit, state: AccountState, origin: Origin) -> None:
        """Make an account with a configured character a SuperAdmin."""
        is_configured = any(c.eve_character_id in self.super_admin_characters for c in state.characters)
        if not is_configured or state.account.is_super_admin:
            return
        await unit.accounts.set_super_admin(state.account.id, value=True)
        target, metadata = ("account", state.account.id), {"reason": "configured", "ip": origin.ip}
        await unit.record(AuditAction.ACCOUNT_SUPERADMIN_PROMOTED, SYSTEM, target, metadata)

    async def _gate(self, unit: AccountUnit, account_id: UUID) -> LoginRefused | None:
        """Let the organisation of the primary character decide; returns the refusal."""
        state = await unit.state(account_id)
        if state is None or state.primary is None:
            return LoginRefused("access_denied", "no_character")
        denied_rule = await self.gate.check(unit, state)
        return None if denied_rule is None else LoginRefused("org_not_allowed", denied_rule)


async def _locked_account(unit: AccountUnit, eve_character_id: int) -> AccountState | None:
    """The account of a locked character; None if it has none, also if it was unlinked while this waited."""
    character = await unit.characters.find(eve_character_id)
    state = await unit.lock(character.account_id) if character else None
    still_linked = await unit.characters.find(eve_character_id) if state else None
    return state if still_linked else None
