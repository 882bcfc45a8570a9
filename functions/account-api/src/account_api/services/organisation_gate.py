"""Which accounts the rules about organisations let in: at each login, and when an administrator changes the rules."""

from dataclasses import dataclass
from uuid import UUID

from account_api.domain.accounts import AccountState
from account_api.domain.gating import decide
from account_api.events import Origin
from account_api.services.account_changes import AccountChanges
from account_api.services.unit import AccountUnit
from battlescope_schemas.accounts.account import AuditAction


@dataclass(frozen=True, slots=True)
class OrganisationGate:
    """`require_membership` holds until an administrator changes the rules."""

    changes: AccountChanges
    require_membership: bool

    async def check(self, unit: AccountUnit, state: AccountState) -> str | None:
        """The rule that denies the organisation of the primary character, stored with the account; None if none does.

        The rules stay as they are until the transaction ends, so that no login passes beside a change of them.
        """
        assert state.primary is not None  # noqa: S101  # the callers ask for it
        await unit.auth_config.keep()
        config = await unit.auth_config.load(require_membership=self.require_membership)
        decision = decide(
            config.rules,
            state.primary.corporation_id,
            state.primary.alliance_id,
            is_super_admin=state.account.is_super_admin,
        )
        denied_rule = None if decision.allowed else decision.rule.value
        await unit.accounts.set_denied_rule(state.account.id, denied_rule)
        return denied_rule

    async def end_denied_access(self, origin: Origin) -> int:
        """End sessions and access tokens of all accounts that the rules deny now; how many accounts they were.

        Raises:
            TransientError: the database or Valkey does not answer; another call ends what is left.
        """
        denied_ids = await self._denied_ids()
        for account_id in denied_ids:

            async def apply(unit: AccountUnit, before: AccountState) -> None:
                denied_rule = await self.check(unit, before) if before.is_active else None
                if denied_rule is not None:
                    target, metadata = ("account", before.account.id), {"reason": denied_rule}
                    await unit.record(AuditAction.SESSION_INVALIDATED, origin, target, metadata)

            await self.changes.change(account_id, apply)
        return len(denied_ids)

    async def _denied_ids(self) -> list[UUID]:
        async with self.changes.unit() as unit:
            config = await unit.auth_config.load(require_membership=self.require_membership)
            admitted = await unit.accounts.admitted()
        return [
            account.id
            for account in admitted
            if not decide(config.rules, account.corporation_id, account.alliance_id, is_super_admin=False).allowed
        ]
