"""The one-time link by which the browser of the data folder's owner may make changes in the access mode `off`."""

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from aiohttp import web

from battlescope_events.edge.modes import OWNER_COOKIE
from battlescope_events.edge.security_headers import SECURITY_HEADERS
from battlescope_local.command_name import typed_command

OWNER_LOGIN_PATH: Final = "/login/owner"
VALID_SECONDS: Final = 600.0
COOKIE_SECONDS: Final = 30 * 24 * 3600
USED_LINK: Final = f"This link was used already or is too old; `{typed_command('login')}` prints a new one."


@dataclass
class OwnerLogin:
    """Issues links and exchanges each once for the owner's token, which the browser keeps as a cookie."""

    token: str = field(repr=False)
    origin: str
    monotonic: Callable[[], float] = time.monotonic
    _codes: dict[str, float] = field(default_factory=dict[str, float], repr=False)

    def new_link(self) -> str:
        """A link that works once, within ten minutes, and lets its browser make changes: only the owner may see it."""
        now = self.monotonic()
        self._codes = {code: until for code, until in self._codes.items() if now < until}
        code = secrets.token_urlsafe(24)
        self._codes[code] = now + VALID_SECONDS
        return f"{self.origin}{OWNER_LOGIN_PATH}?code={code}"

    def redeem(self, code: str) -> bool:
        """Whether the code is valid; it is not afterwards."""
        return self.monotonic() < self._codes.pop(code, 0.0)

    def logged_in(self) -> web.Response:
        """The answer to a valid link: the cookie, and the way to the start page."""
        response = web.Response(status=303, headers={"location": "/", "cache-control": "no-store", **SECURITY_HEADERS})
        response.set_cookie(
            OWNER_COOKIE, self.token, max_age=COOKIE_SECONDS, path="/", httponly=True, samesite="Strict"
        )
        return response
