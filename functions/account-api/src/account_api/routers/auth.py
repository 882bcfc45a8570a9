"""Login with EVE Online: to the SSO, back from it, and out."""

from http import HTTPStatus
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import Query, Request
from fastapi.responses import Response

from account_api.credentials.login_states import LoginMode, LoginState
from account_api.dependencies import Dependencies, Deps, account_id_of
from account_api.domain.redirects import RedirectNotAllowed, allowed_redirect, with_parameters
from account_api.errors import LoginRefused
from account_api.events import Origin
from account_api.rights import CHANGES_OWN_ACCOUNT, OWN
from account_api.services.login import BegunLogin, Callback, CompletedLogin
from battlescope_events.http_api.description import headers
from battlescope_events.http_api.errors import ApiError, problem
from battlescope_events.http_api.guard import CallerKind, CurrentCaller, public
from battlescope_events.http_api.request_types import Flag
from battlescope_events.http_api.routing import ApiRouter
from battlescope_schemas.accounts.account import AuditAction
from battlescope_schemas.accounts.session import SESSION_COOKIE, token_digest

LOGIN_COOKIE: Final = "battlescope_login"
LOGIN_COOKIE_PATH: Final = "/auth"
LOGIN_SECONDS: Final = 600
MAX_SECRET: Final = 128  # characters of a cookie of ours
COOKIES: Final = "A cookie of the login, or of the session; some are removed by an empty one."
_NO_LOGIN: Final = "This installation has no login: it runs in the access mode off."
_REDIRECTS: Final[dict[int | str, dict[str, Any]]] = {
    302: {"description": "Where the browser goes on.", "headers": headers(Location="The address.", Set_Cookie=COOKIES)}
}

router = ApiRouter(tags=["login"])


@router.get(
    "/auth/login",
    status_code=302,
    response_class=Response,
    responses={**_REDIRECTS, 404: problem("This installation has no login.")},
    dependencies=[public()],
)
async def log_in(
    request: Request,
    deps: Deps,
    redirect_uri: Annotated[str | None, Query(max_length=1024)] = None,
    add_character: Flag = False,  # noqa: FBT002  # a parameter of the query
) -> Response:
    """Begin a login; with `add_character` the character becomes one more of the account that is logged in."""
    if not deps.site.has_login:
        raise ApiError(404, _NO_LOGIN)
    target = redirect_uri or ("/profile" if add_character else deps.site.login_target)
    try:
        target = allowed_redirect(target, deps.site.origins)
    except RedirectNotAllowed as error:
        await _record_failure(deps, deps.origin_of(request, None), "redirect_not_allowed", LoginMode.LOGIN)
        raise ApiError(400, "redirect_uri: is not on the list of allowed addresses.") from error
    if not add_character:
        return login_redirect(deps, await deps.login.begin(LoginMode.LOGIN, target))
    account_id = await session_account(request, deps)
    if account_id is None:
        await _record_failure(deps, deps.origin_of(request, None), "no_session", LoginMode.LINK)
        return _redirect(with_parameters(deps.site.error_target, {"error": "not_authenticated"}))
    return login_redirect(deps, await deps.login.begin(LoginMode.LINK, target, account_id))


@router.get("/auth/callback", status_code=302, response_class=Response, responses=_REDIRECTS, dependencies=[public()])
async def call_back(  # noqa: PLR0917  # the parameters that EVE SSO may send
    request: Request,
    deps: Deps,
    state: str = "",
    code: str = "",
    error: str = "",
    error_description: str = "",  # noqa: ARG001  # accepted, and shown nowhere
    iss: str = "",  # noqa: ARG001  # as above
) -> Response:
    """End a login: EVE SSO sends the browser here. Every refusal is a redirect with `error`, and a record."""
    account_id = await session_account(request, deps)
    secret = request.cookies.get(LOGIN_COOKIE, "")
    callback = Callback(state, code, error, secret if len(secret) <= MAX_SECRET else "", account_id)
    origin = deps.origin_of(request, account_id)
    login: LoginState | None = None
    try:
        login = await deps.login.take_state(callback)
        completed = await deps.login.complete(login, callback, origin)
    except LoginRefused as refusal:
        mode = login.mode if login else LoginMode.LOGIN
        await _record_failure(deps, origin, refusal.reason, mode)
        response = _redirect(_error_target(deps, login, refusal))
    else:
        await _end_other_session(request, deps, account_id, completed)
        response = _redirect(completed.target)
        _set_session_cookie(deps, response, completed)
    response.delete_cookie(LOGIN_COOKIE, path=LOGIN_COOKIE_PATH)
    return response


@router.post(
    "/auth/logout",
    status_code=204,
    responses={
        204: {"headers": headers(Set_Cookie=COOKIES)},
        404: problem("The caller has no account."),
    },
    dependencies=[CHANGES_OWN_ACCOUNT],
)
async def log_out(request: Request, deps: Deps, caller: CurrentCaller) -> Response:
    """End the session, and remove its cookie."""
    account_id = account_id_of(caller)
    token = request.cookies.get(SESSION_COOKIE, "")
    await deps.own_account.log_out(account_id, token, deps.origin_of(request, account_id))
    response = Response(status_code=204, headers={"cache-control": "no-store"})
    response.delete_cookie(SESSION_COOKIE, path="/")
    return response


async def session_account(request: Request, deps: Dependencies) -> UUID | None:
    """The account whose session the browser has; None without one.

    Raises:
        ApiError: sessions cannot be checked now (503).
    """
    try:
        caller = await deps.guard.check(OWN, request)
    except ApiError as error:
        if error.status_code in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
            return None
        raise
    return caller.account_id if caller.kind is CallerKind.SESSION else None


def login_redirect(deps: Dependencies, begun: BegunLogin) -> Response:
    """To EVE SSO, with the cookie that only this browser has."""
    response = _redirect(begun.url)
    response.set_cookie(
        LOGIN_COOKIE,
        begun.browser_secret,
        max_age=LOGIN_SECONDS,
        path=LOGIN_COOKIE_PATH,
        httponly=True,
        secure=deps.site.secure_cookies,
        samesite="lax",
    )
    return response


def _redirect(target: str) -> Response:
    fixed = {"location": target, "cache-control": "no-store", "referrer-policy": "no-referrer"}
    return Response(status_code=302, headers=fixed)


def _set_session_cookie(deps: Dependencies, response: Response, completed: CompletedLogin) -> None:
    if completed.token is not None:
        response.set_cookie(
            SESSION_COOKIE,
            completed.token,
            max_age=deps.site.session_seconds,
            path="/",
            httponly=True,
            secure=deps.site.secure_cookies,
            samesite="lax",
        )


async def _end_other_session(
    request: Request, deps: Dependencies, account_id: UUID | None, completed: CompletedLogin
) -> None:
    """End the session that this browser had before, also if it was another account's."""
    if completed.token is not None and account_id is not None:
        await deps.changes.sessions.end(account_id, only=token_digest(request.cookies.get(SESSION_COOKIE, "")))


def _error_target(deps: Dependencies, login: LoginState | None, refusal: LoginRefused) -> str:
    is_login = login is None or login.mode is LoginMode.LOGIN
    target = deps.site.error_target if is_login or login is None else login.target
    rule = {"rule": refusal.reason} if refusal.error == "org_not_allowed" else {}
    return with_parameters(target, {"error": refusal.error, **rule})


async def _record_failure(deps: Dependencies, origin: Origin, reason: str, mode: LoginMode) -> None:
    metadata: dict[str, object] = {"reason": reason, "mode": mode.value}
    await deps.changes.record(AuditAction.ACCOUNT_LOGIN_FAILED, origin, None, metadata)
