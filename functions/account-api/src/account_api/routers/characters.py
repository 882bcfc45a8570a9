"""The profile of the caller and its characters."""

from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import Body, Request
from fastapi.responses import Response

from account_api import presenters
from account_api.credentials.login_states import LoginMode
from account_api.dependencies import Dependencies, Deps, account_id_of
from account_api.rights import CHANGES_PROFILE, READS_OWN_ACCOUNT, READS_PROFILE, REDIRECTS_TO_LINK, STARTS_LINK
from account_api.routers.auth import COOKIES, login_redirect
from account_api.schemas.me import Characters, LinkStart, Profile
from account_api.schemas.requests import PrimaryCharacter
from account_api.services.login import BegunLogin
from battlescope_events.http_api.description import headers
from battlescope_events.http_api.errors import ApiError, problem
from battlescope_events.http_api.guard import Caller, CallerKind, CurrentCaller
from battlescope_events.http_api.responses import cacheable_response, current_response, uncached_response
from battlescope_events.http_api.routing import ApiRouter

PROFILE_SECONDS: Final = 300
_NO_ACCOUNT: Final[dict[int | str, dict[str, Any]]] = {404: problem("The caller has no account.")}
_NO_CHARACTER: Final[dict[int | str, dict[str, Any]]] = {404: problem("The account has no such character.")}
_REDIRECTS: Final[dict[int | str, dict[str, Any]]] = {
    302: {"description": "To EVE SSO.", "headers": headers(Location="The address.", Set_Cookie=COOKIES)}
}

router = ApiRouter(tags=["characters"])


@router.get("/api/me/profile", response_model=Profile, responses=_NO_ACCOUNT, dependencies=[READS_PROFILE])
async def get_profile(request: Request, deps: Deps, caller: CurrentCaller) -> Response:
    """Get the account with its characters by alliance and corporation, roles and statistics."""
    state = await deps.state_of(caller)
    async with deps.changes.unit() as unit:
        roles = [presenters.profile_role(row) for row in await unit.accounts.role_rows(state.account.id)]
    characters = presenters.characters_of(state, deps.site.image_host)
    body = Profile(
        account=presenters.account_item(state),
        primary_character=next((item for item in characters if item.is_primary), None),
        characters_grouped=presenters.grouped(characters),
        feature_roles=roles,
        stats=presenters.stats(characters),
    )
    return cacheable_response(request, body, PROFILE_SECONDS)


@router.get("/api/me/characters", response_model=Characters, responses=_NO_ACCOUNT, dependencies=[READS_OWN_ACCOUNT])
async def list_characters(request: Request, deps: Deps, caller: CurrentCaller) -> Response:
    """List the characters in the order in which they were linked."""
    state = await deps.state_of(caller)
    return current_response(request, Characters(characters=presenters.characters_of(state, deps.site.image_host)))


@router.get(
    "/api/me/characters/link",
    status_code=302,
    response_class=Response,
    responses={**_REDIRECTS, **_NO_ACCOUNT},
    dependencies=[REDIRECTS_TO_LINK],
)
async def link_character(deps: Deps, caller: CurrentCaller) -> Response:
    """Link one more character: go to EVE SSO and choose it."""
    return login_redirect(deps, await _begin(deps, caller, LoginMode.LINK, "/profile"))


@router.post(
    "/api/me/characters/link/start",
    response_model=LinkStart,
    responses={200: {"headers": headers(Set_Cookie=COOKIES)}, **_NO_ACCOUNT},
    dependencies=[STARTS_LINK],
)
async def start_link(deps: Deps, caller: CurrentCaller) -> Response:
    """Get the address at which a further character is chosen."""
    begun = await _begin(deps, caller, LoginMode.LINK, "/profile")
    response = uncached_response(LinkStart(redirect_url=begun.url))
    for cookie in login_redirect(deps, begun).headers.getlist("set-cookie"):
        response.headers.append("set-cookie", cookie)
    return response


@router.get(
    "/api/me/profile/characters/{character_id:uuid}/refresh",
    status_code=302,
    response_class=Response,
    responses={**_REDIRECTS, **_NO_CHARACTER},
    dependencies=[REDIRECTS_TO_LINK],
)
async def refresh_character(character_id: UUID, deps: Deps, caller: CurrentCaller) -> Response:
    """Renew the token of a character: go to EVE SSO and choose the same one."""
    state = await deps.state_of(caller)
    character = next((c for c in state.characters if c.id == character_id), None)
    if character is None:
        raise ApiError(404, f"There is no character {character_id} in this account.")
    target = f"/profile?token_refreshed=true&character_id={character_id}"
    begun = await _begin(deps, caller, LoginMode.REFRESH, target, character.eve_character_id)
    return login_redirect(deps, begun)


_SETS_PRIMARY: Final[dict[str, Any]] = {
    "status_code": 204,
    "responses": _NO_ACCOUNT,
    "dependencies": [CHANGES_PROFILE],
}


@router.post("/api/me/profile/primary-character", **_SETS_PRIMARY)
@router.post("/api/me/characters/primary", **_SETS_PRIMARY)
@router.put("/api/me/primary-character", **_SETS_PRIMARY)
async def set_primary(
    request: Request, choice: Annotated[PrimaryCharacter, Body()], deps: Deps, caller: CurrentCaller
) -> Response:
    """Make a character of the account its primary one."""
    return await _set_primary(request, choice.character_id, deps, caller)


@router.post("/api/me/characters/{character_id:uuid}/set-primary", **_SETS_PRIMARY)
async def set_primary_by_path(request: Request, character_id: UUID, deps: Deps, caller: CurrentCaller) -> Response:
    """Make this character of the account its primary one."""
    return await _set_primary(request, character_id, deps, caller)


_UNLINKS: Final[dict[str, Any]] = {
    "status_code": 204,
    "responses": {
        204: {"headers": headers(X_Primary_Character="The id of the primary character after the change.")},
        **_NO_CHARACTER,
    },
    "dependencies": [CHANGES_PROFILE],
}


# The type is in the path, because /api/me/characters/link is another resource, which is not deleted.
@router.delete("/api/me/profile/characters/{character_id:uuid}", **_UNLINKS)
@router.delete("/api/me/characters/{character_id:uuid}", **_UNLINKS)
async def unlink_character(request: Request, character_id: UUID, deps: Deps, caller: CurrentCaller) -> Response:
    """Unlink a character. The oldest one that remains follows a primary one; X-Primary-Character names it."""
    account_id = account_id_of(caller)
    primary = await deps.characters.unlink(account_id, character_id, deps.origin_of(request, account_id))
    return Response(status_code=204, headers={"cache-control": "no-store", "x-primary-character": str(primary.id)})


async def _set_primary(request: Request, character_id: UUID, deps: Dependencies, caller: Caller) -> Response:
    account_id = account_id_of(caller)
    await deps.characters.set_primary(account_id, character_id, deps.origin_of(request, account_id))
    return Response(status_code=204, headers={"cache-control": "no-store"})


async def _begin(
    deps: Dependencies, caller: Caller, mode: LoginMode, target: str, eve_character_id: int | None = None
) -> BegunLogin:
    if caller.kind is not CallerKind.SESSION:
        raise ApiError(404, "Only an account that is logged in by a browser links characters.")
    return await deps.login.begin(mode, target, account_id_of(caller), eve_character_id)
