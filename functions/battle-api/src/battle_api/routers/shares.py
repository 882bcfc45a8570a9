"""Routes by which users make, list and revoke links to the public card of a battle."""

from datetime import timedelta
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import Body, Request
from fastapi.responses import Response

from battle_api.dependencies import Deps
from battle_api.domain.shares import MAX_ACTIVE, PublicShares, Share
from battle_api.events import share_audited, share_changed
from battle_api.presenters.share.items import share_item
from battle_api.repositories.battles import BattleRepository
from battle_api.repositories.shares import ShareRepository
from battle_api.rights import FEATURE, READS_BATTLES, SHARES_BATTLES
from battle_api.routers.merged_battles import BATTLE_RESPONSES, HISTORY_RESPONSES
from battle_api.schemas.shares import ShareItem, ShareRequest, Shares
from battle_api.services.battle_lookup import ensure_battle_existed, require_battle
from battlescope_events.http_api.description import headers, links
from battlescope_events.http_api.errors import ApiError, problem
from battlescope_events.http_api.guard import Caller, CurrentCaller, Role
from battlescope_events.http_api.responses import current_response, uncached_response
from battlescope_events.http_api.routing import ApiRouter
from battlescope_schemas.accounts.account import AuditAction

router = ApiRouter(prefix="/api/battles", tags=["shares"])
_SHARE_NEXT: Final = links(
    {"page": "get_shared_page_s__token__get", "image": "get_shared_image_s__token__png_get"},
    token="$response.body#/token",  # noqa: S106  # where an answer has it
) | links(
    {"revoke": "revoke_share_api_battles__battle_id__shares__share_id__delete"},
    battle_id="$response.body#/battleId",
    share_id="$response.body#/id",
)
_MADE: Final[dict[int | str, dict[str, Any]]] = {
    201: {"description": "The link.", "links": _SHARE_NEXT, "headers": headers(Location="The page of the link.")},
    **BATTLE_RESPONSES,
    409: problem("Links are switched off, or the battle has as many as it may have."),
}
_REVOKED: Final[dict[int | str, dict[str, Any]]] = {**HISTORY_RESPONSES, 404: problem("There is no such link.")}


@router.post(
    "/{battle_id}/shares",
    response_model=ShareItem,
    status_code=201,
    responses=_MADE,
    dependencies=[SHARES_BATTLES],
)
async def make_share(
    battle_id: UUID, deps: Deps, caller: CurrentCaller, share: Annotated[ShareRequest | None, Body()] = None
) -> Response:
    """Make a link to the public card of a battle, which everybody who has it can open."""
    if deps.sharing.mode is PublicShares.OFF:
        raise ApiError(409, "Links to battles are switched off.")
    now, days = deps.clock(), (share or ShareRequest()).expires_in_days
    async with deps.database.transaction() as connection:
        battle = await require_battle(BattleRepository(connection), battle_id)
        shares = ShareRepository(connection)
        if not await shares.has_room(battle.id, now):
            raise ApiError(409, f"The battle has {MAX_ACTIVE} links already; revoke one first.")
        made = Share(
            id=deps.new_id(),
            battle_id=battle.id,
            token=deps.new_token(),
            created_by=caller.account_id,
            created_at=now,
            expires_at=None if days is None else now + timedelta(days=days),
            revoked_by=None,
            revoked_at=None,
        )
        await shares.insert(made)
        audit = share_audited(AuditAction.SHARE_CREATED, made, caller.account_id, now)
        await deps.outbox.enqueue(connection, [share_changed(made, now), audit])
    await deps.flush_outbox()
    item = share_item(made, deps.sharing, now)
    return uncached_response(item, 201, location=f"/s/{made.token}")


@router.get("/{battle_id}/shares", response_model=Shares, responses=HISTORY_RESPONSES, dependencies=[READS_BATTLES])
async def list_shares(request: Request, battle_id: UUID, deps: Deps) -> Response:
    """List the links to a battle, the newest first, also those that are revoked or expired."""
    async with deps.database.connection() as connection:
        await ensure_battle_existed(BattleRepository(connection), battle_id)
        shares = await ShareRepository(connection).of_battle(battle_id)
    now = deps.clock()
    items = [share_item(share, deps.sharing, now) for share in shares]
    return current_response(request, Shares(items=items, public_shares=deps.sharing.mode))


@router.delete(
    "/{battle_id}/shares/{share_id}", response_model=ShareItem, responses=_REVOKED, dependencies=[SHARES_BATTLES]
)
async def revoke_share(battle_id: UUID, share_id: UUID, deps: Deps, caller: CurrentCaller) -> Response:
    """Revoke a link: its own maker may, and directors anybody's. A link that is revoked already stays so."""
    now = deps.clock()
    async with deps.database.transaction() as connection:
        await ensure_battle_existed(BattleRepository(connection), battle_id)
        shares = ShareRepository(connection)
        share = await _require_share(shares, battle_id, share_id)
        _require_right(share, caller)
        if share.revoked_at is None:
            await shares.revoke(share_id, caller.account_id, now)
            audit = share_audited(AuditAction.SHARE_REVOKED, share, caller.account_id, now)
            await deps.outbox.enqueue(connection, [share_changed(share, now, is_revoked=True), audit])
        share = await _require_share(shares, battle_id, share_id)
    await deps.flush_outbox()
    return uncached_response(share_item(share, deps.sharing, now))


async def _require_share(shares: ShareRepository, battle_id: UUID, share_id: UUID) -> Share:
    share = await shares.find(battle_id, share_id)
    if share is None:
        raise ApiError(404, f"The battle {battle_id} has no link {share_id}.")
    return share


def _require_right(share: Share, caller: Caller) -> None:
    if share.created_by != caller.account_id and caller.rank(FEATURE) < Role.DIRECTOR:
        raise ApiError(403, "Only its maker and directors may revoke a link.")
