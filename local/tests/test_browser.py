"""The login in a real browser through the gateway and the pages of the simulated SSO, and what ends with a right."""

import asyncio
import json
import sys
import time
from collections.abc import AsyncGenerator, Callable, Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
from account_harness import ALT, DIRECTOR, MEMBER, OUTSIDER, environment_of
from function_environment import NO_ARCHIVE
from gateway_site import SOCKET_API, SOCKET_PATH, running_site
from web_driver import CHROMIUM, DRIVER, WebDriver, running_driver

from battlescope_local.testing.databases import Databases
from battlescope_local.testing.processes import HeldSink
from web_serve.presenters.pages import LOGIN_ERRORS

pytestmark = [
    pytest.mark.stores,
    pytest.mark.skipif(not (DRIVER and CHROMIUM), reason="chromium and chromedriver are not installed"),
]
WAIT_SECONDS = 20
# Keeps in the page what arrives, and the time in seconds at which each connection ends.
CONNECT = """
    const [path, done] = arguments;
    window.ended = {};
    const events = new EventSource('/api/stream?topics=killmails');
    events.addEventListener('access-ended', event => {
        window.ended.stream = [JSON.parse(event.data).reason, Date.now() / 1000];
        events.close();
    });
    const socket = new WebSocket(location.origin.replace('http', 'ws') + path);
    socket.onclose = event => { window.ended.socket = [event.code, Date.now() / 1000]; };
    const echoed = new Promise(resolve => { socket.onmessage = event => resolve(event.data); });
    socket.onopen = () => socket.send('are you there?');
    const opened = new Promise(resolve => events.addEventListener('snapshot', () => resolve('snapshot')));
    Promise.all([opened, echoed]).then(done);
"""


@dataclass(frozen=True)
class Site:
    """The address of the gateway, and the database of the owner of account-api."""

    url: str
    accounts: str


@pytest.fixture
async def upstream() -> AsyncGenerator[str]:
    """The simulated upstreams as a process of their own."""
    command = (sys.executable, "-m", "battlescope_upstream", "--mails", "1", "--speed", "0")
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    yield f"http://127.0.0.1:{json.loads(await process.stdout.readline())['port']}"
    process.terminate()
    await process.wait()


@pytest.fixture
async def site(
    databases: Databases, valkey: str, upstream: str, held_sink: HeldSink, tmp_path: Path
) -> AsyncGenerator[Site]:
    """account-api, killmail-api and a function with a WebSocket behind the gateway."""
    held_sink.released.set()
    accounts, killmails = databases.clone("battlescope_accounts"), databases.clone("battlescope_killmails")
    targets = {"LOGIN_TARGET": "/api/me", "LOGIN_ERROR_TARGET": "/"}
    sink = {"K_SINK": held_sink.url, "REDIS_URL": valkey}

    def environments(url: str) -> dict[str, dict[str, str]]:
        account = environment_of(
            accounts.url("account-api"), valkey, upstream, sink=held_sink.url, origin=url, **targets
        )
        killmail = {"DATABASE_URL": killmails.url("killmail-api"), **sink, **NO_ARCHIVE}
        return {"account-api": account, "killmail-api": killmail, SOCKET_API: sink}

    async with running_site(tmp_path, environments) as (url, _):
        yield Site(url, accounts.owner)
    for database in (accounts, killmails):
        databases.drop(database)


@pytest.fixture
def windows() -> Generator[Callable[[], WebDriver]]:
    opened: list[WebDriver] = []
    with running_driver() as driver:

        def open_window() -> WebDriver:
            opened.append(WebDriver(driver))
            return opened[-1]

        yield open_window
        for window in opened:
            window.close()


def until(condition: Callable[[], Any]) -> Any:
    """What the condition gives, once it is not false."""
    deadline = time.monotonic() + WAIT_SECONDS
    while not (value := condition()):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return value


def log_in(window: WebDriver, url: str, character: int | str) -> None:
    window.open(url)
    assert "/sso/v2/oauth/authorize" in window.url
    window.click(f"button[value='{character}']")
    until(lambda: "/sso/" not in window.url)  # a click returns before the page is left


async def test_login_link_primary_block_and_denied_organisation(site: Site, windows: Callable[[], WebDriver]) -> None:
    """The browser is driven by a thread, because the gateway runs on the loop of the test."""
    await asyncio.to_thread(_whole_flow, site, windows)


def _whole_flow(site: Site, windows: Callable[[], WebDriver]) -> None:
    admin, member = windows(), windows()
    log_in(admin, f"{site.url}/auth/login", DIRECTOR)
    log_in(member, f"{site.url}/auth/login", MEMBER)
    assert member.url == f"{site.url}/api/me"
    (cookie,) = [cookie for cookie in member.cookies if cookie["name"] == "battlescope_session"]
    assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Lax")
    assert "battlescope" not in member.evaluate("return document.cookie")
    account_id = _links_a_character_and_makes_it_the_primary_one(site, member)
    log_in(windows(), f"{site.url}/auth/login", "")  # Cancel
    _denied_organisation_is_told_its_rule(site, windows())
    _blocked_account_loses_what_it_has_open(site, admin, member, account_id)


def _links_a_character_and_makes_it_the_primary_one(site: Site, member: WebDriver) -> str:
    log_in(member, f"{site.url}/auth/login?add_character=true&redirect_uri=/api/me", ALT)
    status, me = member.fetch("GET", "/api/me")
    linked = {int(character["eveCharacterId"]): character["id"] for character in me["characters"]}
    assert (status, list(linked), me["primaryCharacter"]["eveCharacterId"]) == (200, [MEMBER, ALT], str(MEMBER))
    assert member.fetch("POST", "/api/me/profile/primary-character", {"characterId": linked[ALT]})[0] == 204
    assert member.fetch("GET", "/api/me")[1]["primaryCharacter"]["eveCharacterName"] == "Rook Talvos"
    return str(me["id"])


def _denied_organisation_is_told_its_rule(site: Site, window: WebDriver) -> None:
    with psycopg.connect(site.accounts, autocommit=True) as connection:
        connection.execute(
            "INSERT INTO auth_config (require_membership, denied_alliance_ids) VALUES (false, '{99000901}')"
        )
    log_in(window, f"{site.url}/auth/login", OUTSIDER)
    assert window.url == f"{site.url}/?error=org_not_allowed&rule=denied_alliance"
    assert window.evaluate("return document.querySelector('[role=alert]').innerText") == LOGIN_ERRORS["org_not_allowed"]


def _blocked_account_loses_what_it_has_open(site: Site, admin: WebDriver, member: WebDriver, account_id: str) -> None:
    """The real stream and the WebSocket end, and the next request is refused."""
    assert member.run(CONNECT, SOCKET_PATH) == ["snapshot", "are you there?"]
    ordered = time.time()
    assert admin.fetch("POST", f"/api/admin/accounts/{account_id}/block", {"reason": "spy"})[0] == 204
    until(lambda: member.fetch("GET", "/api/me")[0] == 401)
    refused = time.time()
    ended = until(lambda: member.evaluate("return 'stream' in ended && 'socket' in ended && ended"))
    (reason, stream_end), (code, socket_end) = ended["stream"], ended["socket"]
    assert (bool(reason), code) == (True, 1008)
    seconds = [f"{moment - ordered:.2f} s" for moment in (refused, stream_end, socket_end)]
    print("after the order: refused, stream ended, WebSocket closed:", *seconds)
    log_in(member, f"{site.url}/auth/login", MEMBER)
    assert member.url == f"{site.url}/?error=access_denied"
