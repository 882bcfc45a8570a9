"""Personal access tokens of the caller."""

from datetime import timedelta
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import Body, Request
from fastapi.responses import Response

from account_api import presenters
from account_api.dependencies import Deps, account_id_of
from account_api.rights import CHANGES_OWN_ACCOUNT, READS_OWN_ACCOUNT
from account_api.schemas.me import AccessTokens, CreatedAccessToken
from account_api.schemas.requests import NewAccessToken
from battlescope_events.http_api.description import links
from battlescope_events.http_api.errors import problem
from battlescope_events.http_api.guard import CurrentCaller
from battlescope_events.http_api.responses import current_response, uncached_response
from battlescope_events.http_api.routing import ApiRouter

_NO_ACCOUNT: Final[dict[int | str, dict[str, Any]]] = {404: problem("The caller has no account.")}
_NO_TOKEN: Final[dict[int | str, dict[str, Any]]] = {404: problem("The account has no such token.")}
_NEXT: Final = links(
    {"revoke": "revoke_token_api_me_access_tokens__token_id__delete"},
    token_id="$response.body#/id",  # noqa: S106  # where an answer has it
)

router = ApiRouter(tags=["access tokens"])


@router.get(
    "/api/me/access-tokens", response_model=AccessTokens, responses=_NO_ACCOUNT, dependencies=[READS_OWN_ACCOUNT]
)
async def list_tokens(request: Request, deps: Deps, caller: CurrentCaller) -> Response:
    """List the tokens, newest first; expired ones for 30 days more."""
    async with deps.changes.unit() as unit:
        rows = await unit.tokens.of_account(account_id_of(caller))
    return current_response(request, AccessTokens(tokens=[presenters.token_item(row) for row in rows]))


@router.post(
    "/api/me/access-tokens",
    response_model=CreatedAccessToken,
    status_code=201,
    responses={**_NO_ACCOUNT, 201: {"links": _NEXT}, 409: problem("The account has too many tokens.")},
    dependencies=[CHANGES_OWN_ACCOUNT],
)
async def create_token(
    request: Request, new: Annotated[NewAccessToken, Body()], deps: Deps, caller: CurrentCaller
) -> Response:
    """Create a token. This answer is the only one that contains it."""
    account_id, lifetime = account_id_of(caller), timedelta(days=new.expires_in_days)
    origin = deps.origin_of(request, account_id)
    created = await deps.access_tokens.create(account_id, new.name, lifetime, origin, can_write=new.can_write)
    body = CreatedAccessToken(
        id=created.id,
        name=new.name,
        can_write=new.can_write,
        created_at=created.created_at,
        expires_at=created.expires_at,
        token=created.token,
    )
    return uncached_response(body, 201)


@router.delete(
    "/api/me/access-tokens/{token_id}", status_code=204, responses=_NO_TOKEN, dependencies=[CHANGES_OWN_ACCOUNT]
)
async def revoke_token(request: Request, token_id: UUID, deps: Deps, caller: CurrentCaller) -> Response:
    """Revoke a token; it ends at once."""
    account_id = account_id_of(caller)
    await deps.access_tokens.revoke(account_id, token_id, deps.origin_of(request, account_id))
    return Response(status_code=204, headers={"cache-control": "no-store"})
