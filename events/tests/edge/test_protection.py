"""What protects every route: origins of pages, CORS, headers; and the pure parts of it."""

import httpx2
import pytest
from fastapi.requests import HTTPConnection
from guarded_api import FOREIGN, OWN
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr
from small_api import TOKEN, Dependencies, make_app

from battlescope_events.access.credentials import client_address
from battlescope_events.access.owner_guard import OwnerGuard
from battlescope_events.edge.modes import OWNER_COOKIE
from battlescope_events.edge.origins import origin_of, origin_policy
from battlescope_events.edge.security_headers import SECURITY_HEADERS

COOKIE = {"cookie": f"{OWNER_COOKIE}={TOKEN}"}
BEARER = {"authorization": f"Bearer {TOKEN}"}


async def ask(method: str, path: str = "/api/sample/note", **headers: str) -> httpx2.Response:
    guard = OwnerGuard(SecretStr(TOKEN), origin_policy([OWN], [FOREIGN]))
    transport = httpx2.ASGITransport(make_app(Dependencies(guard=guard)), raise_app_exceptions=False)
    async with httpx2.AsyncClient(transport=transport, base_url=OWN) as client:
        return await client.request(
            method, path, json={"text": "x"} if method in {"POST", "PUT"} else None, headers=headers
        )


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({**COOKIE, "origin": OWN}, 201),
        ({**COOKIE, "origin": FOREIGN}, 201),
        ({**COOKIE, "referer": f"{OWN}/battles?x=1"}, 201),
        (BEARER, 201),
        ({**BEARER, "origin": OWN}, 201),
        (COOKIE, 403),
        ({**COOKIE, "origin": "null"}, 403),
        ({**COOKIE, "origin": "https://evil.example"}, 403),
        ({**COOKIE, "origin": "https://battlescope.example.evil.example"}, 403),
        ({**COOKIE, "origin": "http://battlescope.example"}, 403),
        ({**COOKIE, "origin": f"{OWN}:8443"}, 403),
        ({**COOKIE, "referer": f"https://evil.example/?{OWN}"}, 403),
        ({**COOKIE, "referer": "https://battlescope.example@evil.example/"}, 403),
        ({**COOKIE, "origin": "https://evil.example", "referer": OWN}, 403),
        ({**BEARER, "origin": "https://evil.example"}, 403),
        ({}, 401),
    ],
)
async def test_changes_come_from_own_pages(headers: dict[str, str], status: int) -> None:
    assert (await ask("POST", **headers)).status_code == status


async def test_reads_are_answered_to_every_page_but_only_shared_with_listed_ones() -> None:
    for origin, shared in ((FOREIGN, FOREIGN), (OWN, None), ("https://evil.example", None), ("null", None)):
        response = await ask("GET", origin=origin)
        assert (response.status_code, response.headers.get("access-control-allow-origin")) == (200, shared)
        assert ("origin" in response.headers.get("vary", "").lower()) is (shared is not None)


async def test_preflight_answers_only_listed_origins() -> None:
    request = {"access-control-request-method": "PUT", "access-control-request-headers": "if-match"}
    allowed = await ask("OPTIONS", origin=FOREIGN, **request)
    assert (allowed.status_code, allowed.headers["access-control-allow-credentials"]) == (204, "true")
    assert "If-Match" in allowed.headers["access-control-allow-headers"]
    refused = await ask("OPTIONS", origin="https://evil.example", **request)
    assert refused.status_code == 403
    assert not [name for name in refused.headers if name.startswith("access-control")]


@pytest.mark.parametrize(
    "path", ["/api/sample/note", "/health", "/nowhere", "/openapi.json", "/api/sample/failures/bug"]
)
async def test_every_answer_has_the_security_headers(path: str) -> None:
    response = await ask("GET", path)
    assert {name: response.headers[name] for name in SECURITY_HEADERS} == SECURITY_HEADERS


@pytest.mark.parametrize(
    "text", ["battlescope.example", "https://x.example/path", "*", "ftp://x", "https://u@x.example", ""]
)
def test_a_list_of_origins_holds_only_origins(text: str) -> None:
    with pytest.raises(ValueError, match="is no origin"):
        origin_policy([text])


@given(st.text())
def test_no_text_breaks_the_reading_of_origins(text: str) -> None:
    origin = origin_of(text)
    assert origin is None or origin_of(origin) == origin


@given(st.lists(st.from_regex(r"[a-z0-9.]{1,12}", fullmatch=True), max_size=4), st.integers(0, 3))
def test_a_client_cannot_choose_its_address(invented: list[str], hops: int) -> None:
    """What the client sends stands before what our proxies add."""
    ours = [f"198.51.100.{number}" for number in range(hops)]
    header = ", ".join([*invented, *ours]).encode()
    scope = {"type": "http", "headers": [(b"x-forwarded-for", header)], "client": ("203.0.113.9", 1)}
    assert client_address(HTTPConnection(scope), hops) == (ours[0] if ours else "203.0.113.9")
