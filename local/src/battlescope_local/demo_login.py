"""Logs the demonstration in at the simulated SSO as a person would, to read the battles by an access token."""

from typing import Final
from urllib.parse import parse_qs, urlsplit

from aiohttp import ClientSession, CookieJar

from battlescope_local.errors import UserError

READER: Final = "2112000005"
"""A character of the simulated SSO that nobody needs for himself."""


async def read_token(gateway_url: str) -> str:
    """A personal access token of the account of `READER`.

    Raises:
        UserError: the login fails.
    """
    async with ClientSession(cookie_jar=CookieJar(unsafe=True)) as browser:
        location = await _redirect(browser, "GET", f"{gateway_url}/auth/login")
        query = {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()}
        page, form = location.partition("?")[0], {**query, "character": READER}
        await _redirect(browser, "GET", await _redirect(browser, "POST", page, form))
        headers, body = {"Origin": gateway_url}, {"name": "demonstration", "expiresInDays": 1}
        async with browser.post(f"{gateway_url}/api/me/access-tokens", headers=headers, json=body) as response:
            if not response.ok:
                raise UserError(f"The demonstration gets no access token: {await response.text()}")
            return str((await response.json())["token"])


async def _redirect(browser: ClientSession, method: str, url: str, form: dict[str, str] | None = None) -> str:
    async with browser.request(method, url, data=form, allow_redirects=False) as response:
        if "Location" not in response.headers:
            raise UserError(f"The login of the demonstration fails: {await response.text()}")
        return response.headers["Location"]
