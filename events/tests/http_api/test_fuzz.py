"""No header, cursor or body, however wrong, gives 500, and every error has the one body."""

import json
from typing import Any

import httpx2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_api import TOKEN, make_app

from battlescope_local.testing.examples import examples

KEYS = {"error", "message", "requestId"}
# As HTTP allows them in a header: no control characters but the tab.
RAW = st.binary(max_size=60).map(lambda raw: bytes(byte for byte in raw if byte in b"\t" or 32 <= byte != 127))
ETAGS = st.lists(st.sampled_from(['"7"', 'W/"7"', "*", ",", '"', "7", " ", "W/", '"a,b"']), max_size=6).map("".join)
HEADER = RAW | ETAGS.map(str.encode)
HEADERS = st.fixed_dictionaries(
    {},
    optional={
        "if-none-match": HEADER,
        "if-match": HEADER,
        "authorization": RAW | RAW.map(lambda raw: b"Bearer " + raw) | st.just(f"Bearer {TOKEN}".encode()),
        "content-length": RAW | st.integers(-5, 10**30).map(lambda number: str(number).encode()),
        "content-type": RAW | st.sampled_from([b"application/json", b"text/plain", b"application/json;"]),
        "transfer-encoding": RAW | st.just(b"chunked"),
        "x-request-id": RAW,
        "x-correlation-id": RAW,
        "traceparent": RAW,
    },
)
METHODS = st.sampled_from(["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"])


async def send(method: str, path: str, headers: dict[str, bytes], content: bytes = b"") -> httpx2.Response:
    transport = httpx2.ASGITransport(make_app(), raise_app_exceptions=False)
    async with httpx2.AsyncClient(transport=transport, base_url="http://api") as client:
        raw_headers: Any = [(name.encode(), value) for name, value in headers.items()]
        return await client.request(method, path, headers=raw_headers, content=content)


def assert_answered(response: httpx2.Response) -> None:
    assert response.status_code < 500, response.text
    assert len(response.headers["x-request-id"]) <= 100
    if response.status_code >= 400 and response.request.method != "HEAD":
        assert response.json().keys() == KEYS


@settings(max_examples=examples(100), deadline=None)
@given(METHODS, HEADERS, st.binary(max_size=50) | st.just(b'{"text": "x"}'))
async def test_headers(method: str, headers: dict[str, bytes], content: bytes) -> None:
    assert_answered(await send(method, "/api/sample/note", headers, content))


@settings(max_examples=examples(70), deadline=None)
@given(st.text(max_size=80) | st.text("WyIxIl0_-=", max_size=60))
@pytest.mark.parametrize("path", ["numbers", "cursors/time", "cursors/isk"])
async def test_cursors(path: str, cursor: str) -> None:
    query = httpx2.QueryParams({"cursor": cursor.encode("utf-8", "replace").decode()})
    assert_answered(await send("GET", f"/api/sample/{path}?{query}", {}))


@settings(max_examples=examples(70), deadline=None)
@given(
    st.recursive(
        st.none() | st.integers() | st.floats() | st.text(), lambda x: st.lists(x) | st.dictionaries(st.text(), x)
    )
)
async def test_bodies(body: Any) -> None:
    headers = {"authorization": f"Bearer {TOKEN}".encode(), "content-type": b"application/json"}
    assert_answered(await send("POST", "/api/sample/note", headers, json.dumps(body).encode()))
