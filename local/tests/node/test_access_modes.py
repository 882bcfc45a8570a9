"""The access modes of a node: addresses, values of functions, and the one-time link of the owner."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import pytest
from aiohttp.test_utils import TestServer

from battlescope_events.edge.modes import OWNER_COOKIE
from battlescope_events.edge.security_headers import SECURITY_HEADERS
from battlescope_local import login as login_module
from battlescope_local.errors import UserError
from battlescope_local.login import TOKEN_FILE, api_token, login
from battlescope_local.node.access import access_values, check_address
from battlescope_local.node.composition import start_node
from battlescope_local.node.state import NodeState
from battlescope_local.serving.gateway import gateway_app
from battlescope_local.serving.owner_login import OWNER_LOGIN_PATH, VALID_SECONDS, OwnerLogin
from battlescope_local.settings import ExternalServers, Settings, access_mode, access_overrides
from battlescope_local.stores.state_file import StateFile

OUTSIDE = ("0.0.0.0", "192.0.2.1", "::", "battlescope.example", "127.0.0.1.example", "")


@pytest.mark.parametrize("host", OUTSIDE)
def test_an_address_that_others_reach_needs_logins(host: str) -> None:
    with pytest.raises(UserError, match="BATTLESCOPE_SSO_CLIENT_ID"):
        check_address(host, "off")
    check_address(host, "sso")


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1.2.3", "::1", "localhost"])
def test_the_loopback_needs_none(host: str) -> None:
    check_address(host, "off")


async def test_a_node_in_the_mode_off_does_not_start_on_an_address_that_others_reach(tmp_path: Any) -> None:
    settings = Settings(str(tmp_path / "data"), host="0.0.0.0", port=0)
    with pytest.raises(UserError, match="nobody would have to log in"):
        async with start_node(settings, ExternalServers(), lambda *_: None):
            pass
    assert not (tmp_path / "data").exists()


def test_the_mode_follows_from_the_client_id() -> None:
    assert [access_mode({}), access_mode({"BATTLESCOPE_SSO_CLIENT_ID": " "})] == ["off", "off"]
    assert access_mode({"BATTLESCOPE_SSO_CLIENT_ID": "abc"}) == "sso"
    environ = {"BATTLESCOPE_CORS_ORIGINS": "https://x.example", "BATTLESCOPE_ACCESS_MODE": "off"}
    assert access_overrides(environ) == {"access": {"CORS_ORIGINS": "https://x.example"}}


def test_functions_get_the_owners_token_in_the_mode_off_only() -> None:
    off, sso = access_values("off", "secret", "127.0.0.1", 3000), access_values("sso", "secret", "192.0.2.1", 80)
    assert (off["ACCESS_MODE"], off["OWNER_TOKEN"]) == ("off", "secret")
    assert off["PUBLIC_ORIGINS"] == "http://127.0.0.1:3000 http://localhost:3000"
    assert "secret" not in sso.values()
    assert "http://192.0.2.1:80" in sso["PUBLIC_ORIGINS"]


@asynccontextmanager
async def gateway(owner_login: OwnerLogin | None) -> AsyncGenerator[httpx2.AsyncClient]:
    server = TestServer(gateway_app((), {}, owner_login))
    await server.start_server()
    async with httpx2.AsyncClient(base_url=str(server.make_url("/"))) as client:
        yield client
    await server.close()


def owner_login_at(now: list[float]) -> OwnerLogin:
    return OwnerLogin("the token", "http://127.0.0.1:3000", lambda: now[0])


def path_of(link: str) -> str:
    return link.removeprefix("http://127.0.0.1:3000")


async def test_the_link_of_the_owner_works_once() -> None:
    owner_login = owner_login_at([0.0])
    async with gateway(owner_login) as client:
        path = path_of(owner_login.new_link())
        assert (await client.head(path)).status_code == 404  # a preview does not use it up
        first = await client.get(path)
        assert (first.status_code, first.headers["location"]) == (303, "/")
        cookie = first.headers["set-cookie"]
        assert cookie.startswith(f'{OWNER_COOKIE}="the token"')
        assert {"HttpOnly", "SameSite=Strict", "Path=/"} <= set(cookie.split("; "))
        client.cookies.clear()
        again = await client.get(path)
        assert (again.status_code, "set-cookie" in again.headers) == (403, False)


@pytest.mark.parametrize("code", ["", "guess", "%00", "x" * 1000])
async def test_other_codes_are_refused(code: str) -> None:
    async with gateway(owner_login_at([0.0])) as client:
        assert (await client.get(f"{OWNER_LOGIN_PATH}?code={code}")).status_code == 403


async def test_a_link_is_valid_for_ten_minutes() -> None:
    now = [0.0]
    owner_login = owner_login_at(now)
    link = owner_login.new_link()
    now[0] = VALID_SECONDS
    async with gateway(owner_login) as client:
        assert (await client.get(path_of(link))).status_code == 403


async def test_there_is_no_link_where_people_log_in() -> None:
    async with gateway(None) as client:
        response = await client.get(f"{OWNER_LOGIN_PATH}?code=x")
        assert (response.status_code, response.headers["content-security-policy"]) == (
            404,
            SECURITY_HEADERS["content-security-policy"],
        )


def node(mode: str) -> NodeState:
    return NodeState(1, 0.0, "http://127.0.0.1:9", "http://127.0.0.1:9", "t", mode)


def test_commands_use_the_owners_token_or_the_stored_access_token(tmp_path: Any) -> None:
    owner = StateFile(tmp_path / "secrets.json").password("owner")
    assert api_token(tmp_path, "off") == owner
    with pytest.raises(UserError, match="battlescope login"):
        api_token(tmp_path, "sso")
    (tmp_path / TOKEN_FILE).write_text("bsp_x\n")
    assert api_token(tmp_path, "sso") == "bsp_x"


@pytest.mark.parametrize("entered", ["", "secret", "bsp_\u00e9"])
def test_login_refuses_what_is_no_access_token(tmp_path: Any, monkeypatch: pytest.MonkeyPatch, entered: str) -> None:
    monkeypatch.setattr(login_module, "_entered_token", lambda: entered)
    with pytest.raises(UserError, match="no personal access token"):
        login(tmp_path, node("sso"), enters_token=True)
    assert not (tmp_path / TOKEN_FILE).exists()


def test_login_stores_a_token_that_the_api_accepts(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(login_module, "_entered_token", lambda: "bsp_abc")
    monkeypatch.setattr(login_module, "_account", lambda *_: {"displayName": "Ann"})
    login(tmp_path, node("sso"), enters_token=True)
    assert (tmp_path / TOKEN_FILE).read_text() == "bsp_abc"
    assert (tmp_path / TOKEN_FILE).stat().st_mode & 0o077 == 0
    output = capsys.readouterr().out
    assert "Ann" in output
    assert "bsp_abc" not in output
