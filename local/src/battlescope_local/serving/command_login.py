"""The page on which a person lets `battlescope login` have a personal access token, in the access mode `sso`.

The command gets a secret and a link. A person who opens the link in a browser that is logged in, and confirms, has the
gateway create a token of his account, which the command takes with its secret: no address ever contains the token.
"""

import html
import json
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import quote, urlsplit

from aiohttp import ClientError, ClientSession, ClientTimeout, web

from battlescope_events.edge.security_headers import SECURITY_HEADERS
from battlescope_events.http_api.error_body import html_page
from battlescope_local.command_name import typed_command

COMMAND_LOGIN_PATH: Final = "/login/command"
VALID_SECONDS: Final = 600.0
TOKEN_NAME: Final = "battlescope login"  # noqa: S105  # the name of tokens
TOKENS_PATH: Final = "/api/me/access-tokens"
USED: Final = f"This link was used already or is too old; start `{typed_command('login')}` again."
ASK: Final = (
    "The command <code>battlescope login</code> on the machine of this installation asks for a personal access token "
    "of your account. Confirm only if you have just started it yourself."
)
_RESPONSE_TIMEOUT: Final = ClientTimeout(total=30.0)  # account-api may have to start


@dataclass
class _Login:
    """One run of the command. `token` is there once somebody has confirmed it."""

    code: str
    until: float
    token: str | None = None


@dataclass
class CommandLogins:
    """The runs of the command that wait for a browser; `origin` is that of the gateway."""

    origin: str
    monotonic: Callable[[], float] = time.monotonic
    _logins: dict[str, _Login] = field(default_factory=dict[str, _Login], repr=False)

    def begin(self) -> Mapping[str, str]:
        """The secret of the command, and the link for a browser; both work for ten minutes."""
        self._forget_old()
        secret, code = secrets.token_urlsafe(32), secrets.token_urlsafe(24)
        self._logins[secret] = _Login(code, self.monotonic() + VALID_SECONDS)
        return {"secret": secret, "url": f"{self.origin}{COMMAND_LOGIN_PATH}?code={code}"}

    def take(self, secret: str) -> Mapping[str, Any]:
        """The token, once; `isValid` is false when nobody can confirm any more."""
        self._forget_old()
        login = self._logins.get(secret)
        if login is not None and login.token is not None:
            del self._logins[secret]
        return {"isValid": login is not None, "token": login.token if login else None}

    async def respond(self, request: web.Request) -> web.Response:
        """Show the page, or create the token for the person who confirms."""
        self._forget_old()
        code = request.query.get("code", "")
        login = next((login for login in self._logins.values() if login.token is None and login.code == code), None)
        if login is None:
            return _page(403, html.escape(USED))
        if request.method != "POST":
            return _page(200, f'{ASK}</p><form method="post"><button>Confirm</button></form><p>')
        if urlsplit(request.headers.get("origin", "")).netloc != request.host:
            return _page(403, "Changes are accepted only from pages of BattleScope itself.")
        status, body = await self._create_token(request)
        if status == web.HTTPUnauthorized.status_code:
            target = quote(f"{COMMAND_LOGIN_PATH}?code={code}")
            return _page(401, f'Nobody is logged in: <a href="/auth/login?redirect_uri={target}">log in</a>.')
        if status != web.HTTPCreated.status_code:
            return _page(status, html.escape(str(body.get("message", "The token cannot be created now."))))
        login.token = str(body["token"])
        return _page(200, "The command has its token. You can close this page.")

    async def _create_token(self, request: web.Request) -> tuple[int, Mapping[str, Any]]:
        """Ask account-api, as the browser would; it sees the browser's cookie, and no other page can send this."""
        headers = {"cookie": request.headers.get("cookie", ""), "origin": request.headers["origin"]}
        order = {"name": TOKEN_NAME, "canWrite": True}
        try:
            async with (
                ClientSession(timeout=_RESPONSE_TIMEOUT) as client,
                client.post(f"{self.origin}{TOKENS_PATH}", json=order, headers=headers) as response,
            ):
                return response.status, json.loads(await response.read())
        except (ClientError, TimeoutError, ValueError):
            return 503, {}

    def _forget_old(self) -> None:
        now = self.monotonic()
        self._logins = {secret: login for secret, login in self._logins.items() if now < login.until}


def command_login_app(logins: CommandLogins) -> web.Application:
    """What the command asks the node: `begin` a login, and `take` its token."""

    async def begin(_: web.Request) -> web.Response:
        return web.json_response(logins.begin())

    async def take(request: web.Request) -> web.Response:
        return web.json_response(logins.take((await request.json())["secret"]))

    app = web.Application()
    app.router.add_post("/begin", begin)
    app.router.add_post("/take", take)
    return app


def _page(status: int, text: str) -> web.Response:
    way_back = '<p><a href="/">To the battles</a></p>'
    body = html_page("BattleScope: battlescope login", f"<h1>battlescope login</h1><p>{text}</p>{way_back}")
    headers = {"cache-control": "no-store", **SECURITY_HEADERS, "referrer-policy": "no-referrer"}
    return web.Response(status=status, text=body, content_type="text/html", headers=headers)
