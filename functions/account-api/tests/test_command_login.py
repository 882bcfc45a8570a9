"""`battlescope login` in the access mode `sso`: a person confirms in a browser, and the command has its token."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from account_harness import MEMBER, environment_of, simulated_upstream
from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer

from battlescope_local.devtools.project import ROOT
from battlescope_local.errors import UserError
from battlescope_local.login import TOKEN_FILE, login
from battlescope_local.manifests import load
from battlescope_local.node.state import NodeState
from battlescope_local.serving import command_login
from battlescope_local.serving.command_login import CommandLogins
from battlescope_local.serving.gateway import gateway_app
from battlescope_local.serving.internal_gateway import internal_app
from battlescope_local.serving.proxy import forward_request
from battlescope_local.testing.databases import Database
from battlescope_local.testing.processes import FunctionProcess, HeldSink

NODE_TOKEN = "of-the-node"


@dataclass
class Site:
    """Local mode's gateway before account-api, and the node to which the command talks."""

    url: str
    node: NodeState
    logins: CommandLogins


class ServedFunction:
    """What the gateway forwards to."""

    def __init__(self, client: ClientSession, address: str) -> None:
        self._client, self._address = client, address

    async def handle(self, request: web.Request, target: str) -> web.StreamResponse:
        body = await request.read()
        return await forward_request(request, self._client, self._address + target, body=body, seconds=60)


@pytest.fixture
async def site(
    clone: Database, valkey: str, new_process: Callable[..., FunctionProcess], held_sink: HeldSink
) -> AsyncGenerator[Site]:
    held_sink.released.set()
    process = new_process("account_api.main:app", {})
    async with simulated_upstream(mails=1, speed="0") as upstream, ClientSession(auto_decompress=False) as client:
        services: Any = {"account-api": ServedFunction(client, process.url)}
        logins = CommandLogins("")
        routes = [route for route in load(ROOT / "knative" / "base").routes if route.service in services]
        gateway = TestServer(gateway_app(routes, services, command_logins=logins))
        internal: Any = internal_app(
            {}, web.Application(), status=dict, trigger_stats=list, dead_letters=web.Application(), token=NODE_TOKEN,
            stop_requested=asyncio.Event(), command_logins=logins,
        )  # fmt: skip
        node = TestServer(internal)
        await gateway.start_server()
        await node.start_server()
        url = logins.origin = str(gateway.make_url("")).rstrip("/")
        settings = environment_of(clone.url("account-api"), valkey, upstream, sink=held_sink.url, origin=url)
        await asyncio.to_thread(lambda: process.start(**settings).wait_until_ready())
        yield Site(url, NodeState(1, 0.0, url, str(node.make_url("")).rstrip("/"), NODE_TOKEN, "sso"), logins)
        await gateway.close()
        await node.close()


async def link_of(capsys: pytest.CaptureFixture[str]) -> str:
    """The link that the command prints."""
    printed = ""
    while "?code=" not in printed:
        await asyncio.sleep(0.02)
        printed += capsys.readouterr().out
    return next(line for line in printed.splitlines() if "?code=" in line)


async def follow_to_the_end(browser: httpx2.AsyncClient, path: str) -> httpx2.Response:
    """Log in from this address as `MEMBER`, and go where the login returns to."""
    location = (await browser.get(path)).headers["location"]
    form = {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()}
    chosen = await browser.post(location.partition("?")[0], data={**form, "character": str(MEMBER)})
    returned = await browser.get(chosen.headers["location"])
    return await browser.get(returned.headers["location"])


async def test_the_command_gets_a_token_that_a_browser_confirms(
    site: Site, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = asyncio.create_task(asyncio.to_thread(login, tmp_path, site.node))
    async with asyncio.timeout(60), httpx2.AsyncClient(base_url=site.url) as browser:
        link, origin = await link_of(capsys), {"origin": site.url}
        assert "Confirm" in (await browser.get(link)).text
        anonymous = await browser.post(link, headers=origin)
        assert anonymous.status_code == 401
        login_path = anonymous.text.partition('<a href="')[2].partition('"')[0]
        page = await follow_to_the_end(browser, login_path)
        assert (str(page.url), page.status_code, page.headers["x-frame-options"]) == (link, 200, "DENY")
        for foreign in ({"origin": "https://evil.example"}, {"origin": "null"}, {}):
            assert (await browser.post(link, headers=foreign)).status_code == 403
        assert not command.done()
        assert "has its token" in (await browser.post(link, headers=origin)).text
        await command
        token = (tmp_path / TOKEN_FILE).read_text()
        assert (await browser.post(link, headers=origin)).status_code == 403  # it works once
        listed = (await browser.get("/api/me/access-tokens")).json()["tokens"]
        assert [(item["name"], item["canWrite"]) for item in listed] == [("battlescope login", True)]
    async with httpx2.AsyncClient(base_url=site.url, headers={"authorization": f"Bearer {token}"}) as program:
        assert (await program.get("/api/me")).json()["displayName"] == "Mira Talvos"
    output = capsys.readouterr().out
    assert "Mira Talvos" in output
    assert token not in output


async def test_nobody_confirms_in_time(
    site: Site, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [0.0]
    monkeypatch.setattr(site.logins, "monotonic", lambda: now[0])
    command = asyncio.create_task(asyncio.to_thread(login, tmp_path, site.node))
    link = await link_of(capsys)
    now[0] = command_login.VALID_SECONDS
    with pytest.raises(UserError, match="in time"):
        await command
    async with httpx2.AsyncClient(base_url=site.url) as browser:
        assert (await browser.get(link)).status_code == 403
    assert not (tmp_path / TOKEN_FILE).exists()
