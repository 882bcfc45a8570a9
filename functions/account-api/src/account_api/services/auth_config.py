"""Who may log in, as administrators read and change it."""

from dataclasses import replace
from typing import Final

from account_api.events import Origin
from account_api.repositories.auth_config import AuthConfig
from account_api.schemas.admin import AuthConfigItem
from account_api.schemas.requests import AuthConfigUpdate
from account_api.services.account_changes import AccountChanges
from account_api.services.organisation_gate import OrganisationGate
from battlescope_events.http_api.errors import ApiError
from battlescope_schemas.accounts.account import AuditAction

_COLUMNS: Final = {
    "require_membership": "require_membership",
    "allowed_corp_ids": "allowed_corporation_ids",
    "allowed_alliance_ids": "allowed_alliance_ids",
    "denied_corp_ids": "denied_corporation_ids",
    "denied_alliance_ids": "denied_alliance_ids",
}
_TARGET: Final = ("auth_config", "auth_config")


class AuthConfigService:
    def __init__(self, changes: AccountChanges, gate: OrganisationGate) -> None:
        self._changes, self._gate = changes, gate

    async def load(self) -> AuthConfigItem:
        async with self._changes.unit() as unit:
            return _item(await unit.auth_config.load(require_membership=self._gate.require_membership))

    async def change(self, update: AuthConfigUpdate, origin: Origin) -> AuthConfigItem:
        """Change the given fields, and end the access of accounts that are denied now.

        Raises:
            ApiError: the request changes nothing (400).
            TransientError: the database or Valkey does not answer; the change may hold already, and a repetition ends
                the access that is left.
        """
        values = update.model_dump(by_alias=False, exclude_none=True)
        if not values:
            raise ApiError(400, "The request changes nothing.")
        async with self._changes.unit() as unit:
            await unit.auth_config.lock()
            before = await unit.auth_config.load(require_membership=self._gate.require_membership)
            changed = replace(before, **{_COLUMNS[name]: value for name, value in values.items()})
            await unit.auth_config.save(changed, unit.now)
            after = _item(await unit.auth_config.load(require_membership=self._gate.require_membership))
            metadata = {"before": _item(before).model_dump(mode="json"), "after": after.model_dump(mode="json")}
            await unit.record(AuditAction.AUTH_CONFIG_UPDATED, origin, _TARGET, metadata)
        await self._gate.end_denied_access(origin)
        await self._changes.flush()
        return after


def _item(config: AuthConfig) -> AuthConfigItem:
    return AuthConfigItem(
        require_membership=config.require_membership,
        allowed_corp_ids=list(config.allowed_corporation_ids),
        allowed_alliance_ids=list(config.allowed_alliance_ids),
        denied_corp_ids=list(config.denied_corporation_ids),
        denied_alliance_ids=list(config.denied_alliance_ids),
        updated_at=config.updated_at,
    )
