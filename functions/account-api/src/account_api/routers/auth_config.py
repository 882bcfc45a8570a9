"""Who may log in."""

from typing import Annotated, Final

from fastapi import Body, Request
from fastapi.responses import Response

from account_api.dependencies import Deps
from account_api.rights import ADMINISTERS_ACCOUNTS, READS_ACCOUNTS
from account_api.schemas.admin import AuthConfigItem
from account_api.schemas.requests import AuthConfigUpdate
from battlescope_events.http_api.guard import CurrentCaller
from battlescope_events.http_api.responses import current_response, uncached_response
from battlescope_events.http_api.routing import ApiRouter

PATH: Final = "/api/admin/auth-config"

router = ApiRouter(tags=["administration"])


@router.get(PATH, response_model=AuthConfigItem, dependencies=[READS_ACCOUNTS])
async def get_auth_config(request: Request, deps: Deps) -> Response:
    """Get the organisations that may log in, and those that may not."""
    return current_response(request, await deps.auth_config.load())


@router.put(PATH, response_model=AuthConfigItem, dependencies=[ADMINISTERS_ACCOUNTS])
async def change_auth_config(
    request: Request, change: Annotated[AuthConfigUpdate, Body()], deps: Deps, caller: CurrentCaller
) -> Response:
    """Change the given fields. Accounts that are denied now lose their sessions and access tokens at once."""
    return uncached_response(await deps.auth_config.change(change, deps.origin_of(request, caller.account_id)))
