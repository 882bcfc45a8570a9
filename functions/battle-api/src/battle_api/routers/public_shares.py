"""The public routes of shares: pages and pictures for readers without a login and for previews of other sites."""

from typing import Annotated, Any, Final

from fastapi import Path, Request
from fastapi.responses import Response

from battle_api.dependencies import Dependencies, Deps
from battle_api.domain.rows import Battle
from battle_api.domain.shares import PublicShares, SharedBattle
from battle_api.presenters.share.page import CONTENT_SECURITY_POLICY, share_page
from battle_api.repositories.battles import BattleRepository
from battle_api.repositories.shares import ShareRepository
from battle_api.services.battle_lookup import BattleMerged, require_battle
from battlescope_events.edge.limits import SHARES
from battlescope_events.http_api.errors import ApiError, problem
from battlescope_events.http_api.guard import public
from battlescope_events.http_api.responses import cacheable_content
from battlescope_events.http_api.routing import ApiRouter

MAX_AGE: Final = 300  # seconds for which a revoked or expired link may go on in caches
NEUTRAL_MAX_AGE: Final = 86_400
Token = Annotated[str, Path(pattern="^[A-Za-z0-9_-]{1,64}$")]
_GONE: Final[dict[int | str, dict[str, Any]]] = {
    404: problem("There is no such link: it never existed, is revoked or expired, or links are switched off."),
    410: problem("The battle was deleted."),
}
_IMAGE: Final[dict[str, Any]] = {"content": {"image/png": {"schema": {"type": "string", "format": "binary"}}}}
_PAGE: Final[dict[str, Any]] = {"content": {"text/html": {"schema": {"type": "string"}}}}
router = ApiRouter(prefix="/s", tags=["shares"], dependencies=[public(SHARES)])


@router.get("/neutral.png", response_class=Response, responses={200: {"description": "The picture.", **_IMAGE}})
async def get_neutral_image(request: Request, deps: Deps) -> Response:
    """The picture of 1200 x 630 for previews of pages that need a login. It names no battle."""
    png = await deps.cards.neutral()
    return cacheable_content(request, png, NEUTRAL_MAX_AGE, "image/png", scope="public")


@router.get(
    "/{token}.png", response_class=Response, responses={200: {"description": "The picture.", **_IMAGE}, **_GONE}
)
async def get_shared_image(request: Request, token: Token, deps: Deps) -> Response:
    """The picture of 1200 x 630 of a shared battle, rendered once for each revision."""
    battle = await _shared(deps, token)
    return cacheable_content(request, await deps.cards.image(battle), MAX_AGE, "image/png", scope="public")


@router.get("/{token}", response_class=Response, responses={200: {"description": "The page.", **_PAGE}, **_GONE})
async def get_shared_page(request: Request, token: Token, deps: Deps) -> Response:
    """The page of a shared battle as HTML, with the tags from which other sites make a preview."""
    battle = await _shared(deps, token)
    async with deps.database.connection() as connection:
        shared = await ShareRepository(connection).shared_battle(battle)
    page = _page(deps, token, shared).encode()
    response = cacheable_content(request, page, MAX_AGE, "text/html; charset=utf-8", scope="public")
    response.headers["content-security-policy"] = CONTENT_SECURITY_POLICY
    return response


def _page(deps: Dependencies, token: str, shared: SharedBattle) -> str:
    return share_page(
        shared,
        page_url=deps.sharing.page_url(token),
        image_url=deps.sharing.image_url(token),
        battle_url=deps.sharing.battle_url(shared.battle.id),
        is_report=deps.sharing.mode is PublicShares.REPORT,
    )


async def _shared(deps: Dependencies, token: str) -> Battle:
    """The battle that the link shows; that of a merged battle shows the surviving one.

    Raises:
        ApiError: there is no such active link (404), or its battle was deleted (410).
    """
    async with deps.database.connection() as connection:
        share = await ShareRepository(connection).find_by_token(token)
        if share is None or not share.is_active(deps.clock()) or deps.sharing.mode is PublicShares.OFF:
            raise ApiError(404, "There is no such link.")
        battles = BattleRepository(connection)
        try:
            return await require_battle(battles, share.battle_id)
        except BattleMerged as merged:
            return await require_battle(battles, merged.survivor)
