"""Who may log in."""

from dataclasses import replace
from typing import Annotated, Final

from fastapi import Body, Request
from fastapi.responses import Response

from account_api.dependencies import Deps
from account_api.repositories.auth_config import AuthConfig
from account_api.rights import ADMINISTERS_ACCOUNTS, READS_ACCOUNTS
from account_api.schemas.admin import AuthConfigItem
from account_api.schemas.requests import AuthConfigUpdate
from battlescope_events.http_api.errors import ApiError
from battlescope_events.http_api.guard import CurrentCaller
from battlescope_events.http_api.responses import current_response, uncached_response
from battlescope_events.http_api.routing import ApiRouter
from battlescope_schemas.accounts.account import AuditAction

PATH: Final = "/api/admin/auth-config"
_FIELDS: Final = {
    "require_membership": "require_membership",
    "allowed_corp_ids": "allowed_corporation_ids",
    "allowed_alliance_ids": "allowed_alliance_ids",
    "denied_corp_ids": "denied_corporation_ids",
    "denied_alliance_ids": "denied_alliance_ids",
}

router = ApiRouter(tags=["administration"])


@router.get(PATH, response_model=AuthConfigItem, dependencies=[READS_ACCOUNTS])
async def get_auth_config(request: Request, deps: Deps) -> Response:
    """Get the organisations that may log in, and those that may not."""
    async with deps.changes.unit() as unit:
        config = await unit.auth_config.load(require_membership=deps.site.require_membership)
    return current_response(request, _item(config))


@router.put(PATH, response_model=AuthConfigItem, dependencies=[ADMINISTERS_ACCOUNTS])
async def change_auth_config(
    request: Request, change: Annotated[AuthConfigUpdate, Body()], deps: Deps, caller: CurrentCaller
) -> Response:
    """Change the given fields; they hold from the next login on."""
    values = change.model_dump(by_alias=False, exclude_none=True)
    if not values:
        raise ApiError(400, "The request changes nothing.")
    async with deps.changes.unit() as unit:
        await unit.auth_config.lock()
        before = await unit.auth_config.load(require_membership=deps.site.require_membership)
        await unit.auth_config.save(replace(before, **{_FIELDS[name]: v for name, v in values.items()}), unit.now)
        after = await unit.auth_config.load(require_membership=deps.site.require_membership)
        metadata = {"before": _item(before).model_dump(mode="json"), "after": _item(after).model_dump(mode="json")}
        origin = deps.origin_of(request, caller.account_id)
        await unit.record(AuditAction.AUTH_CONFIG_UPDATED, origin, ("auth_config", "auth_config"), metadata)
    await deps.changes.flush()
    return uncached_response(_item(after))


def _item(config: AuthConfig) -> AuthConfigItem:
    return AuthConfigItem(
        require_membership=config.require_membership,
        allowed_corp_ids=list(config.allowed_corporation_ids),
        allowed_alliance_ids=list(config.allowed_alliance_ids),
        denied_corp_ids=list(config.denied_corporation_ids),
        denied_alliance_ids=list(config.denied_alliance_ids),
        updated_at=config.updated_at,
    )
