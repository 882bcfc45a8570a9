"""What administrators do with accounts: block, unblock, roles, SuperAdmins."""

from uuid import UUID

from account_api.domain.accounts import AccountState
from account_api.domain.features import RANKS, RoleKey
from account_api.events import Origin
from account_api.services.account_changes import AccountChanges
from account_api.services.unit import AccountUnit
from battlescope_events.http_api.errors import ApiError
from battlescope_schemas.accounts.account import AuditAction


class Administration:
    def __init__(self, changes: AccountChanges) -> None:
        self._changes = changes

    async def block(self, account_id: UUID, reason: str, origin: Origin) -> None:
        """End the sessions and tokens of the account, and let it log in no more.

        Raises:
            ApiError: the account is the caller's own, or that of the last SuperAdmin (409).
        """
        if origin.actor == account_id:
            raise ApiError(409, "Nobody blocks his own account.")

        async def apply(unit: AccountUnit, before: AccountState) -> None:
            _require_existing(before)
            await unit.require_another_super_admin(before)
            await unit.accounts.block(account_id, reason, origin.actor, unit.now)
            target = ("account", account_id)
            await unit.record(AuditAction.ACCOUNT_BLOCKED, origin, target, {"reason": reason})
            await unit.record(AuditAction.SESSION_INVALIDATED, origin, target, {"reason": "blocked"})

        await self._changes.change(account_id, apply)

    async def unblock(self, account_id: UUID, origin: Origin) -> None:
        """Let the account log in again."""

        async def apply(unit: AccountUnit, before: AccountState) -> None:
            _require_existing(before)
            await unit.accounts.unblock(account_id)
            await unit.record(AuditAction.ACCOUNT_UNBLOCKED, origin, ("account", account_id))

        await self._changes.change(account_id, apply)

    async def set_role(self, account_id: UUID, feature: str, role: RoleKey | None, origin: Origin) -> None:
        """Give the account this role in the feature, or none.

        Raises:
            ApiError: there is no such feature (400).
        """

        async def apply(unit: AccountUnit, before: AccountState) -> None:
            _require_existing(before)
            if feature not in {known.key for known in await unit.accounts.features()}:
                raise ApiError(400, f"featureKey: there is no feature {feature}.")
            previous = before.roles.get(feature)
            if role is None:
                await unit.accounts.remove_role(account_id, feature)
            else:
                await unit.accounts.set_role(account_id, feature, RANKS[role], origin.actor, unit.now)
            metadata = {"feature": feature, "before": previous, "after": RANKS[role] if role else None}
            await unit.record(_role_action(previous, role), origin, ("account", account_id), metadata)

        await self._changes.change(account_id, apply)

    async def set_super_admin(self, account_id: UUID, origin: Origin, *, value: bool) -> None:
        """Promote or demote a SuperAdmin.

        Raises:
            ApiError: callers who demote themselves, or the last SuperAdmin (409).
        """
        if not value and origin.actor == account_id:
            raise ApiError(409, "Nobody demotes himself.")

        async def apply(unit: AccountUnit, before: AccountState) -> None:
            _require_existing(before)
            if not value:
                await unit.require_another_super_admin(before)
            await unit.accounts.set_super_admin(account_id, value=value)
            action = AuditAction.ACCOUNT_SUPERADMIN_PROMOTED if value else AuditAction.ACCOUNT_SUPERADMIN_DEMOTED
            await unit.record(action, origin, ("account", account_id))

        await self._changes.change(account_id, apply)


def _require_existing(state: AccountState) -> None:
    if state.account.deleted_at is not None:
        raise ApiError(404, f"There is no account {state.account.id}.")


def _role_action(previous: int | None, role: RoleKey | None) -> AuditAction:
    if role is None:
        return AuditAction.ROLE_REVOKED
    return AuditAction.ROLE_GRANTED if previous is None else AuditAction.ROLE_CHANGED
