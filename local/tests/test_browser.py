"""The login in a real browser, through the pages of the simulated SSO."""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager

import psycopg
import pytest
from account_harness import ALT, DIRECTOR, KEY, MEMBER, OUTSIDER
from web_driver import CHROMIUM, DRIVER, WebDriver, running_driver

from battlescope_local.testing.databases import Database
from battlescope_local.testing.processes import FunctionProcess, HeldSink
from battlescope_upstream.hosts.sso import CLIENT_ID

pytestmark = [
    pytest.mark.skipif(not (DRIVER and CHROMIUM), reason="chromium and chromedriver are not installed"),
]


@contextmanager
def upstream_process() -> Generator[str]:
    command = [sys.executable, "-m", "battlescope_upstream", "--mails", "1", "--speed", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        yield f"http://127.0.0.1:{json.loads(process.stdout.readline())['port']}"
        process.terminate()


@pytest.fixture
def site(
    clone: Database, valkey: str, new_process: Callable[..., FunctionProcess], held_sink: HeldSink
) -> Generator[tuple[str, str]]:
    """The address of account-api, and the database of its owner."""
    held_sink.released.set()
    with upstream_process() as upstream:
        process = new_process("account_api.main:app", {})
        settings = {
            "DATABASE_URL": clone.url("account-api"),
            "REDIS_URL": valkey,
            "K_SINK": held_sink.url,
            "USER_AGENT": "BattleScope tests (tests@example.org)",
            "SSO_URL": f"{upstream}/sso",
            "ESI_URL": f"{upstream}/esi",
            "SSO_CLIENT_ID": CLIENT_ID,
            "PUBLIC_ORIGINS": process.url,
            "LOGIN_TARGET": "/api/me",
            "LOGIN_ERROR_TARGET": "/health",
            "SESSION_COOKIE_SECURE": "false",
            "TOKEN_ENCRYPTION_KEY": KEY,
            "REQUIRE_MEMBERSHIP": "false",
            "BOOTSTRAP_SUPERADMIN_CHARACTER_IDS": str(DIRECTOR),
            "TRUSTED_HOPS": "0",
        }
        process.start(**settings).wait_until_ready()
        yield process.url, clone.owner


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


def log_in(window: WebDriver, url: str, character: int | str) -> None:
    window.open(url)
    assert "/sso/v2/oauth/authorize" in window.url
    window.click(f"button[value='{character}']")
    deadline = time.monotonic() + 20
    while "/sso/" in window.url:  # a click returns before the page is left
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_login_link_primary_block_and_denied_organisation(
    site: tuple[str, str], windows: Callable[[], WebDriver]
) -> None:
    url, owner = site
    admin, member = windows(), windows()
    log_in(admin, f"{url}/auth/login", DIRECTOR)
    log_in(member, f"{url}/auth/login", MEMBER)
    assert member.url == f"{url}/api/me"
    (cookie,) = [cookie for cookie in member.cookies if cookie["name"] == "battlescope_session"]
    assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Lax")
    assert "battlescope" not in member.evaluate("return document.cookie")

    log_in(member, f"{url}/auth/login?add_character=true&redirect_uri=/api/me", ALT)
    status, me = member.fetch("GET", "/api/me")
    linked = {int(character["eveCharacterId"]): character["id"] for character in me["characters"]}
    assert (status, list(linked), me["primaryCharacter"]["eveCharacterId"]) == (200, [MEMBER, ALT], str(MEMBER))
    assert member.fetch("POST", "/api/me/profile/primary-character", {"characterId": linked[ALT]})[0] == 204
    assert member.fetch("GET", "/api/me")[1]["primaryCharacter"]["eveCharacterName"] == "Rook Talvos"

    log_in(windows(), f"{url}/auth/login", "")  # Cancel
    with psycopg.connect(owner, autocommit=True) as connection:
        connection.execute(
            "INSERT INTO auth_config (require_membership, denied_alliance_ids) VALUES (false, '{99000901}')"
        )
    denied = windows()
    log_in(denied, f"{url}/auth/login", OUTSIDER)
    assert denied.url == f"{url}/health?error=org_not_allowed&rule=denied_alliance"

    started = time.monotonic()
    assert admin.fetch("POST", f"/api/admin/accounts/{me['id']}/block", {"reason": "spy"})[0] == 204
    while member.fetch("GET", "/api/me")[0] != 401:
        assert time.monotonic() - started < 5
    print(f"thrown out {time.monotonic() - started:.2f} s after the order")  # noqa: T201 -- with -s
    log_in(member, f"{url}/auth/login", MEMBER)
    assert member.url == f"{url}/health?error=access_denied"
