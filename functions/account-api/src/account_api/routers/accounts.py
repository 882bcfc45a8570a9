"""Administration of accounts."""

from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import Body, Query, Request
from fastapi.responses import Response

from account_api.dependencies import Deps
from account_api.domain.features import ROLE_OF_RANK
from account_api.presenters import portrait_url
from account_api.repositories.accounts import AccountRow
from account_api.rights import ADMINISTERS_ACCOUNTS, READS_ACCOUNTS
from account_api.schemas.admin import AccountQuery, AdminAccount, AdminAccounts, PrimaryItem, Status
from account_api.schemas.requests import Block, RoleAssignment
from battlescope_events.http_api.errors import problem
from battlescope_events.http_api.guard import CurrentCaller
from battlescope_events.http_api.request_types import SingleLine
from battlescope_events.http_api.responses import current_response
from battlescope_events.http_api.routing import ApiRouter

PREFIX: Final = "/api/admin/accounts"
_NO_ACCOUNT: Final[dict[int | str, dict[str, Any]]] = {404: problem("There is no such account.")}
_CONFLICT: Final = problem("It concerns the caller himself, or the last SuperAdmin.")
_WRITES: Final[dict[str, Any]] = {
    "status_code": 204,
    "responses": _NO_ACCOUNT,
    "dependencies": [ADMINISTERS_ACCOUNTS],
}
_MAY_CONFLICT: Final[dict[str, Any]] = {**_WRITES, "responses": {**_NO_ACCOUNT, 409: _CONFLICT}}

router = ApiRouter(tags=["administration"])


@router.get(PREFIX, response_model=AdminAccounts, dependencies=[READS_ACCOUNTS])
async def list_accounts(request: Request, query: Annotated[AccountQuery, Query()], deps: Deps) -> Response:
    """List accounts, newest first."""
    async with deps.changes.unit() as unit:
        rows = await unit.accounts.page(query.query, query.status, query.limit, query.offset)
        total = await unit.accounts.count(query.query, query.status)
    accounts = [_account(row, deps.site.image_host) for row in rows]
    body = AdminAccounts(accounts=accounts, total=total, limit=query.limit, offset=query.offset)
    return current_response(request, body)


@router.post(PREFIX + "/{account_id}/block", **_MAY_CONFLICT)
async def block(
    request: Request, account_id: UUID, order: Annotated[Block, Body()], deps: Deps, caller: CurrentCaller
) -> Response:
    """Block an account: its sessions, tokens and streams end within a second."""
    await deps.administration.block(account_id, order.reason, deps.origin_of(request, caller.account_id))
    return _done()


@router.post(PREFIX + "/{account_id}/unblock", **_WRITES)
async def unblock(request: Request, account_id: UUID, deps: Deps, caller: CurrentCaller) -> Response:
    """Let an account log in again."""
    await deps.administration.unblock(account_id, deps.origin_of(request, caller.account_id))
    return _done()


@router.post(PREFIX + "/{account_id}/superadmin", **_WRITES)
async def promote(request: Request, account_id: UUID, deps: Deps, caller: CurrentCaller) -> Response:
    """Make an account a SuperAdmin."""
    origin = deps.origin_of(request, caller.account_id)
    await deps.administration.set_super_admin(account_id, origin, value=True)
    return _done()


@router.delete(PREFIX + "/{account_id}/superadmin", **_MAY_CONFLICT)
async def demote(request: Request, account_id: UUID, deps: Deps, caller: CurrentCaller) -> Response:
    """Take the rights of a SuperAdmin from an account; its roles stay."""
    origin = deps.origin_of(request, caller.account_id)
    await deps.administration.set_super_admin(account_id, origin, value=False)
    return _done()


@router.put(PREFIX + "/{account_id}/roles", **_WRITES)
async def set_role(
    request: Request, account_id: UUID, role: Annotated[RoleAssignment, Body()], deps: Deps, caller: CurrentCaller
) -> Response:
    """Give an account a role in a feature; it takes effect at once."""
    origin = deps.origin_of(request, caller.account_id)
    await deps.administration.set_role(account_id, role.feature_key, role.role_key, origin)
    return _done()


@router.delete(PREFIX + "/{account_id}/roles/{feature_key}", **_WRITES)
async def remove_role(
    request: Request, account_id: UUID, feature_key: SingleLine, deps: Deps, caller: CurrentCaller
) -> Response:
    """Take the role in a feature from an account; it takes effect at once."""
    await deps.administration.set_role(account_id, feature_key, None, deps.origin_of(request, caller.account_id))
    return _done()


def _done() -> Response:
    return Response(status_code=204, headers={"cache-control": "no-store"})


def _account(row: AccountRow, image_host: str) -> AdminAccount:
    primary = None
    if row.eve_character_id is not None and row.eve_character_name is not None:
        primary = PrimaryItem(
            eve_character_id=row.eve_character_id,
            eve_character_name=row.eve_character_name,
            portrait_url=portrait_url(image_host, row.eve_character_id),
            corp_name=row.corporation_name,
            alliance_name=row.alliance_name,
        )
    return AdminAccount(
        id=row.id,
        display_name=row.display_name,
        status=_status(row),
        is_blocked=row.is_blocked,
        blocked_reason=row.blocked_reason,
        is_super_admin=row.is_super_admin,
        primary_character=primary,
        character_count=row.character_count,
        roles={feature: ROLE_OF_RANK[rank] for feature, rank in row.roles.items()},
        last_login_at=row.last_login_at,
        created_at=row.created_at,
    )


def _status(row: AccountRow) -> Status:
    if row.deleted_at is not None:
        return "deleted"
    return "blocked" if row.is_blocked else "active"
