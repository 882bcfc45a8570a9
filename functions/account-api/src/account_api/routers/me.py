"""The account of the caller."""

from typing import Annotated, Any, Final

from fastapi import Body, Request
from fastapi.responses import Response

from account_api import presenters
from account_api.dependencies import Dependencies, Deps, account_id_of
from account_api.domain.accounts import AccountState
from account_api.domain.features import ROLE_OF_RANK, RoleKey
from account_api.rights import CHANGES_OWN_ACCOUNT, READS_OWN_ACCOUNT
from account_api.routers.auth import COOKIES
from account_api.schemas.me import (
    Capabilities,
    Export,
    FeatureItem,
    FeatureName,
    FeatureRole,
    Flags,
    Me,
    Permission,
    Permissions,
    RoleName,
    Roles,
)
from account_api.schemas.requests import AccountUpdate, Deletion, Preferences
from battlescope_events.edge.modes import AccessMode
from battlescope_events.http_api.description import headers
from battlescope_events.http_api.errors import problem
from battlescope_events.http_api.guard import Caller, CallerKind, CurrentCaller
from battlescope_events.http_api.responses import current_response, uncached_response
from battlescope_events.http_api.routing import ApiRouter
from battlescope_schemas.accounts.account import AuditAction
from battlescope_schemas.accounts.session import SESSION_COOKIE

_NO_ACCOUNT: Final[dict[int | str, dict[str, Any]]] = {404: problem("The caller has no account.")}
_READS: Final[dict[str, Any]] = {"responses": _NO_ACCOUNT, "dependencies": [READS_OWN_ACCOUNT]}
_CHANGES: Final[dict[str, Any]] = {"responses": _NO_ACCOUNT, "dependencies": [CHANGES_OWN_ACCOUNT]}
_MAY_CONFLICT: Final[dict[int | str, dict[str, Any]]] = {
    **_NO_ACCOUNT,
    409: problem("The state of another account forbids it."),
}

router = ApiRouter(tags=["account"])


@router.get("/api/me", response_model=Me, **_READS)
async def get_me(request: Request, deps: Deps, caller: CurrentCaller) -> Response:
    """Get the account of the caller."""
    return current_response(request, presenters.me(await deps.state_of(caller), deps.site.image_host))


@router.patch("/api/me", response_model=Me, responses=_MAY_CONFLICT, dependencies=[CHANGES_OWN_ACCOUNT])
async def update_me(
    request: Request, change: Annotated[AccountUpdate, Body()], deps: Deps, caller: CurrentCaller
) -> Response:
    """Change the given fields."""
    account_id = account_id_of(caller)
    await deps.own_account.update(account_id, change, deps.origin_of(request, account_id))
    return uncached_response(presenters.me(await deps.state_of(caller), deps.site.image_host))


@router.delete(
    "/api/me",
    status_code=204,
    responses={204: {"headers": headers(Set_Cookie=COOKIES)}, **_MAY_CONFLICT},
    dependencies=[CHANGES_OWN_ACCOUNT],
)
async def delete_me(
    request: Request, deletion: Annotated[Deletion, Body()], deps: Deps, caller: CurrentCaller
) -> Response:
    """Delete the account: it ends at once, and what names a person is removed within seven days."""
    account_id = account_id_of(caller)
    await deps.own_account.delete(account_id, deletion.confirm, deps.origin_of(request, account_id))
    response = Response(status_code=204, headers={"cache-control": "no-store"})
    response.delete_cookie(SESSION_COOKIE, path="/")
    return response


@router.get("/api/me/capabilities", response_model=Capabilities, **_READS)
async def get_capabilities(request: Request, deps: Deps, caller: CurrentCaller) -> Response:
    """Get everything that the web application needs when it starts."""
    state = await deps.state_of(caller) if caller.account_id else None
    expires_at = None
    if caller.account_id and caller.kind is CallerKind.SESSION:
        expires_at = await deps.changes.sessions.expires_at(caller.account_id)
    body = Capabilities(
        mode="off" if deps.site.mode is AccessMode.OFF else "sso",
        account=presenters.me(state, deps.site.image_host) if state else None,
        is_super_admin=caller.is_super_admin,
        can_write=caller.kind in {CallerKind.OWNER, CallerKind.SESSION},
        session_expires_at=expires_at,
        features=await _features(deps, caller, state),
        preferences=presenters.preferences_of(state) if state else Preferences.model_validate({}),
        flags=Flags(image_host=deps.site.image_host, retention_months=deps.site.retention_months),
    )
    return current_response(request, body)


@router.get("/api/me/preferences", response_model=Preferences, **_READS)
async def get_preferences(request: Request, deps: Deps, caller: CurrentCaller) -> Response:
    """Get the preferences of the web application."""
    return current_response(request, presenters.preferences_of(await deps.state_of(caller)))


@router.put("/api/me/preferences", response_model=Preferences, **_CHANGES)
async def set_preferences(
    request: Request, preferences: Annotated[Preferences, Body()], deps: Deps, caller: CurrentCaller
) -> Response:
    """Replace the preferences."""
    account_id = account_id_of(caller)
    values = preferences.model_dump(mode="json", by_alias=True)
    await deps.own_account.set_preferences(account_id, values, deps.origin_of(request, account_id))
    return uncached_response(preferences)


@router.get("/api/me/roles", response_model=Roles, **_READS)
async def get_roles(request: Request, deps: Deps, caller: CurrentCaller) -> Response:
    """List the roles of the caller."""
    async with deps.changes.unit() as unit:
        rows = await unit.accounts.role_rows(account_id_of(caller))
    roles = [
        FeatureRole(
            feature=FeatureName(key=row.feature_key, name=row.feature_name),
            role=RoleName(key=ROLE_OF_RANK[row.rank], rank=row.rank),
        )
        for row in rows
    ]
    return current_response(request, Roles(roles=roles))


@router.get("/api/me/permissions", response_model=Permissions, **_READS)
async def get_permissions(request: Request, deps: Deps, caller: CurrentCaller) -> Response:
    """Get the roles of the caller by feature."""
    state = await deps.state_of(caller)
    permissions = {f: Permission(role=ROLE_OF_RANK[rank], rank=rank) for f, rank in sorted(state.roles.items())}
    body = Permissions(is_super_admin=state.account.is_super_admin, permissions=permissions)
    return current_response(request, body)


@router.get("/api/me/export", response_model=Export, **_READS)
async def export(request: Request, deps: Deps, caller: CurrentCaller) -> Response:
    """Get everything that is stored about the caller, without tokens. Each export is recorded."""
    account_id = account_id_of(caller)
    state = await deps.state_of(caller)
    async with deps.changes.unit() as unit:
        roles = [presenters.profile_role(row) for row in await unit.accounts.role_rows(account_id)]
        tokens = [presenters.token_item(row) for row in await unit.tokens.of_account(account_id)]
        origin = deps.origin_of(request, account_id)
        await unit.record(AuditAction.ACCOUNT_EXPORTED, origin, ("account", account_id))
    await deps.changes.flush()
    body = Export(
        account=presenters.me(state, deps.site.image_host),
        preferences=presenters.preferences_of(state),
        access_tokens=tokens,
        feature_roles=roles,
        owner_hashes={str(c.eve_character_id): c.owner_hash for c in state.characters},
        created_at=state.account.created_at,
    )
    return current_response(request, body)


async def _features(deps: Dependencies, caller: Caller, state: AccountState | None) -> list[FeatureItem]:
    async with deps.changes.unit() as unit:
        features = await unit.accounts.features()
    items: list[FeatureItem] = []
    for feature in features:
        rank = state.roles.get(feature.key, 0) if state else caller.rank(feature.key)
        role: RoleKey | None = ROLE_OF_RANK.get(rank)
        items.append(
            FeatureItem(key=feature.key, name=feature.name, description=feature.description, role=role, rank=rank)
        )
    return items
