"""The web app: its files, and its index for every address inside it."""

from typing import Final

from fastapi import Request
from fastapi.responses import HTMLResponse, PlainTextResponse, Response
from starlette.convertors import StringConvertor, register_url_convertor

from battlescope_events.http_api.errors import ApiError
from battlescope_events.http_api.guard import public
from battlescope_events.http_api.query_names import ANY_QUERY
from battlescope_events.http_api.routing import ApiRouter
from web_serve.dependencies import Dependencies, Deps
from web_serve.domain.build_state import BuildPhase
from web_serve.domain.site_paths import INDEX, OUTSIDE_APIS, ROBOTS, cache_control, file_of
from web_serve.presenters.pages import BUILDING_PAGE, RELOAD_SECONDS, landing_page
from web_serve.routers.responses import respond

ROBOTS_TEXT: Final = "User-agent: *\nDisallow: /api/\nDisallow: /auth/\n"
_NO_STORE: Final = {"cache-control": "no-store"}


class _SiteConvertor(StringConvertor):
    regex = OUTSIDE_APIS


register_url_convertor("site", _SiteConvertor())
router = ApiRouter(include_in_schema=False)


@router.get("/{path:site}", dependencies=[public(), ANY_QUERY])
async def serve(request: Request, path: str, deps: Deps) -> Response:
    """Answer every path that no function has. Parameters of the query are the web app's own."""
    name = file_of(path)
    file = await deps.site.read(name) if name else None
    if name is not None and file is not None:
        return respond(request, file, cache_control(name))
    if name == INDEX:
        return _page_without_web_app(deps, request.query_params.get("error"))
    if name == ROBOTS:
        return PlainTextResponse(ROBOTS_TEXT, headers={"cache-control": cache_control(ROBOTS)})
    raise ApiError(404, "There is nothing at this path.")


def _page_without_web_app(deps: Dependencies, login_error: str | None) -> Response:
    state = deps.build.read()
    if state is not None and state.phase is BuildPhase.RUNNING:
        headers = {**_NO_STORE, "retry-after": str(RELOAD_SECONDS)}
        return HTMLResponse(BUILDING_PAGE, 503, headers)
    reason = None if state is None else state.reason
    page = landing_page(deps.description.links, reason, has_login=deps.has_login, login_error=login_error)
    return HTMLResponse(page, headers=_NO_STORE)
