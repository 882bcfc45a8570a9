"""The public gateway: which service serves a path, and responses for other paths."""

import asyncio
import gzip
import json
import socket
import subprocess
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer
from yarl import URL

from battlescope_local.devtools.project import ROOT
from battlescope_local.manifests.model import RouteMatch
from battlescope_local.serving.command_login import CommandLogins
from battlescope_local.serving.gateway import find_route, gateway_app
from battlescope_local.serving.http_server import MAX_HEADER, MAX_REQUEST_LINE, SERVER, GatewayRunner
from battlescope_local.serving.instances import UVICORN_OPTIONS
from battlescope_local.serving.owner_login import OwnerLogin
from battlescope_local.serving.revision import Rejection

WRITES = ("POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")
ROUTES = (
    RouteMatch("/api/battles", "PathPrefix", "battle-api", "battle-api.n.svc.cluster.local"),
    RouteMatch("/api/battles/stream", "PathPrefix", "stream-api", "stream-api.n.svc.cluster.local"),
    RouteMatch("/api/battles/stream", "Exact", "exact-api", "exact-api.n.svc.cluster.local"),
    RouteMatch("/api/killmails/", "PathPrefix", "killmail-api", "killmail-api.n.svc.cluster.local"),
)


@pytest.mark.parametrize(
    ("path", "service"),
    [
        ("/api/battles", "battle-api"),
        ("/api/battles/", "battle-api"),
        ("/api/battles/7/timeline", "battle-api"),
        ("/api/battlestations", None),
        ("/api/battles/stream", "exact-api"),
        ("/api/battles/stream/7", "stream-api"),
        ("/api/battles/streams", "battle-api"),
        ("/api/killmails", "killmail-api"),
        ("/api", None),
        ("/", None),
    ],
)
def test_longest_match_wins_and_prefixes_match_whole_elements(path: str, service: str | None) -> None:
    route = find_route(ROUTES, path)
    assert (route.service if route else None) == service


def test_root_prefix_matches_the_remaining_paths() -> None:
    root = RouteMatch("/", "PathPrefix", "web", "web.n.svc.cluster.local")
    assert find_route((*ROUTES, root), "/anything") == root
    assert find_route((*ROUTES, root), "/api/battles/1") == ROUTES[0]


KEYS = {"error", "message", "requestId"}


class FixedService:
    """A Service that answers what it was given, and remembers the target and headers of the last request."""

    def __init__(self, rejection: Rejection | None = None, error: Exception | None = None) -> None:
        self.rejection, self.error, self.target, self.body = rejection, error, "", b""

    async def handle(self, request: web.Request, target: str) -> web.StreamResponse | Rejection:
        self.target, self.body = target, await request.read()
        if self.error is not None:
            raise self.error
        return self.rejection or web.json_response({})


@asynccontextmanager
async def running(service: FixedService | None = None, owner_login: OwnerLogin | None = None) -> AsyncGenerator[int]:
    """The port of a gateway, served as the node serves it."""
    services: Any = dict.fromkeys(("battle-api", "killmail-api"), service)
    runner = GatewayRunner(gateway_app(ROUTES, services, owner_login), shutdown_timeout=1, keepalive_timeout=75)
    await runner.setup()
    with socket.create_server(("127.0.0.1", 0)) as listening:
        await web.SockSite(runner, listening).start()
        yield listening.getsockname()[1]
        await runner.cleanup()


async def send(port: int, request: bytes) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body of the answer to raw bytes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request)
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    status, *lines = head.strip().split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    body = await reader.readexactly(int(headers.get("content-length", "0"))) if not request.startswith(b"HEAD") else b""
    writer.close()
    return int(status.split()[1]), headers, body


def head(line: str, *headers: str) -> bytes:
    return "\r\n".join([line, "Host: localhost", *headers, "", ""]).encode("latin-1")


BAD_REQUESTS = {
    "no HTTP": (b"\x16\x03\x01nonsense\r\n\r\n", 400),
    "unknown method": (head("BREW / HTTP/1.1"), 400),
    "no host": (b"GET / HTTP/1.1\r\n\r\n", 400),
    "invalid header": (head("GET / HTTP/1.1", "a b: c"), 400),
    "two lengths": (head("POST /api/battles HTTP/1.1", "Content-Length: 1", "Content-Length: 2"), 400),
    "length and chunks": (head("POST / HTTP/1.1", "Content-Length: 1", "Transfer-Encoding: chunked"), 400),
    "Latin-1 in a header": (head("GET /api/battles HTTP/1.1", "x-name: \xe9"), 400),
    "Latin-1 in the request id": (head("GET / HTTP/1.1", "x-request-id: \xe9"), 400),
    "long line": (head(f"GET /api/battles?x={'x' * MAX_REQUEST_LINE} HTTP/1.1"), 414),
    "long header": (head("GET / HTTP/1.1", f"x-name: {'x' * 2 * MAX_HEADER}"), 431),
    "many headers": (head("GET / HTTP/1.1", *(f"x-{n}: 1" for n in range(200))), 431),
    "unknown path": (head("GET /nothing HTTP/1.1"), 404),
    "asterisk form": (head("OPTIONS * HTTP/1.1"), 404),
    **{f"{method} of no route": (head(f"{method} / HTTP/1.1", "Content-Length: 0"), 404) for method in WRITES},
}


@pytest.mark.parametrize("name", BAD_REQUESTS)
async def test_every_error_of_the_gateway_has_the_one_body_and_names_no_internals(name: str) -> None:
    request, expected = BAD_REQUESTS[name]
    async with running(FixedService()) as port:
        status, headers, body = await send(port, request)
    assert (status, headers["content-type"]) == (expected, "application/json"), body
    assert json.loads(body).keys() == KEYS
    assert json.loads(body)["requestId"] == headers["x-request-id"]
    assert headers["server"] == SERVER
    assert all(word not in body.decode() for word in ("aiohttp", "Got more", "reading", "b'"))
    assert expected != 405 or headers["allow"] == "GET, HEAD"


PAGES = {
    "unknown path": ("/nothing", "localhost", 404),
    "used link": ("/login/owner?code=x", "localhost", 403),
    "foreign host": ("/", "evil.example", 421),
    "instance that does not start": ("/api/battles", "localhost", 503),
}
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


@pytest.mark.parametrize("name", PAGES)
async def test_person_in_a_browser_sees_a_sentence_and_a_way_back(name: str) -> None:
    path, host, expected = PAGES[name]
    login = OwnerLogin("token", "http://127.0.0.1:1")
    async with running(FixedService(Rejection(503, "secret")), login) as port:
        for accept, media_type in ((BROWSER, "text/html; charset=utf-8"), ("*/*", "application/json")):
            lines = (f"GET {path} HTTP/1.1", f"Host: {host}", f"Accept: {accept}", "", "")
            status, headers, body = await send(port, "\r\n".join(lines).encode())
            assert (status, headers["content-type"], headers["vary"]) == (expected, media_type, "Accept")
            if accept == BROWSER:
                assert b'<p role="alert">' in body
                assert b'<a href="/">' in body
            else:
                assert json.loads(body).keys() == KEYS


async def test_failure_of_the_gateway_is_a_page_for_a_person() -> None:
    async with running(FixedService(error=RuntimeError("hunter2"))) as port:
        status, headers, body = await send(port, head("GET /api/battles HTTP/1.1", f"Accept: {BROWSER}"))
    assert (status, headers["content-type"], b"hunter2" in body) == (500, "text/html; charset=utf-8", False)


async def test_foreign_page_opens_no_websocket_on_a_machine_without_logins() -> None:
    """A browser sends the handshake of every page, as a GET, and the page could give orders through it."""
    upgrade = ("Connection: Upgrade", "Upgrade: websocket")
    async with running(FixedService(), OwnerLogin("token", "http://127.0.0.1:1")) as port:
        for origin, expected in (("https://evil.example", 403), ("null", 403), ("http://127.0.0.1:1", 200)):
            request = head("GET /api/battles HTTP/1.1", *upgrade, f"Origin: {origin}")
            assert (await send(port, request))[0] == expected, origin


@pytest.mark.parametrize("status", [502, 503, 504])
async def test_reason_of_an_instance_stays_inside(status: int) -> None:
    async with running(FixedService(Rejection(status, "battle-api ended; its last log lines: secret"))) as port:
        answered, headers, body = await send(port, head("GET /api/battles HTTP/1.1", "x-request-id: r-1"))
    assert (answered, json.loads(body)["requestId"], headers["x-request-id"]) == (status, "r-1", "r-1")
    assert b"secret" not in body


async def test_failure_of_the_gateway_is_500_without_its_reason() -> None:
    async with running(FixedService(error=RuntimeError("hunter2"))) as port:
        status, _, body = await send(port, head("GET /api/battles HTTP/1.1"))
    assert (status, json.loads(body).keys()) == (500, KEYS)
    assert b"hunter2" not in body


@pytest.mark.parametrize(
    ("target", "forwarded"),
    [
        ("/api/battles?x=%2F%25", "/api/battles?x=%2F%25"),
        ("http://evil.example/api/battles/7?x=1", "/api/battles/7?x=1"),
        ("http://evil.example:80/api/battles", "/api/battles"),
    ],
)
async def test_absolute_form_is_served_as_its_path(target: str, forwarded: str) -> None:
    service = FixedService()
    async with running(service) as port:
        assert (await send(port, head(f"GET {target} HTTP/1.1")))[0] == 200
    assert service.target == forwarded


async def test_compressed_body_passes_as_it_is() -> None:
    service, content = FixedService(), gzip.compress(b"{}")
    async with running(service) as port:
        request = head("POST /api/battles HTTP/1.1", "Content-Encoding: gzip", f"Content-Length: {len(content)}")
        assert (await send(port, request + content))[0] == 200
    assert service.body == content


async def test_request_id_is_kept_if_it_is_plain() -> None:
    async with running() as port:
        for request_id, kept in (("abc-1", True), ("a b", False), ("x" * 101, False)):
            _, headers, _ = await send(port, head("GET /nothing HTTP/1.1", f"x-request-id: {request_id}"))
            assert (headers["x-request-id"] == request_id) == kept


@pytest.mark.parametrize(
    ("host", "target"),
    [("localhost:3000", "http://127.0.0.1:3000/auth/login?x=%2F"), ("127.0.0.1:3000", None), ("evil.example", None)],
)
async def test_login_begins_at_the_address_where_it_ends(host: str, target: str | None) -> None:
    """EVE SSO sends the browser back to one address, and a cookie of `localhost` does not go to 127.0.0.1."""
    app = gateway_app((), {}, command_logins=CommandLogins("http://127.0.0.1:3000"))
    async with TestServer(app) as server, ClientSession() as client:
        url = URL(f"{server.make_url('/auth/login')}?x=%2F", encoded=True)
        async with client.get(url, headers={"Host": host}, allow_redirects=False) as response:
            assert response.headers.get("location") == target


def test_local_mode_starts_functions_as_their_image_does() -> None:
    """Both name no server and no version of it."""
    image = (ROOT / "functions" / "Dockerfile").read_text()
    assert " ".join(UVICORN_OPTIONS) in image
    assert "--no-server-header" in UVICORN_OPTIONS


def test_websockets_are_not_imported_before_the_first_one() -> None:
    code = "import sys, battlescope_events.websockets; print('websockets' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
