"""Compressed answers: for whom, from which size, and with an ETag of their own."""

import gzip

import httpx2
import pytest
from fastapi import FastAPI, Request
from fastapi.responses import PlainTextResponse, Response, StreamingResponse
from hypothesis import given
from hypothesis import strategies as st
from starlette.middleware import Middleware

from battlescope_events.http_api.compression import MIN_BYTES, Compression, accepts_gzip
from battlescope_events.http_api.conditional import check_if_match, matches_weakly
from battlescope_events.http_api.middleware import HeadAsGet

TEXT = "x" * 100_000
TAG = '"7"'
app = FastAPI(middleware=[Middleware(HeadAsGet), Middleware(Compression)])


@app.get("/text/{size}")
async def get_text(size: int, request: Request) -> Response:
    if matches_weakly(request.headers.get("if-none-match", ""), TAG):
        return Response(status_code=304, headers={"etag": TAG})
    return PlainTextResponse(TEXT[:size], headers={"etag": TAG})


@app.put("/text")
async def put_text(request: Request) -> None:
    check_if_match(request.headers.get("if-match"), TAG, "changed")


@app.get("/image")
async def get_image() -> Response:
    return Response(TEXT, media_type="image/png")


@app.get("/stream")
async def get_stream() -> Response:
    return StreamingResponse(iter([TEXT, TEXT]), media_type="text/plain")


async def ask(path: str, accept: str | None = "gzip", method: str = "GET", **headers: str) -> httpx2.Response:
    transport = httpx2.ASGITransport(app)
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    async with httpx2.AsyncClient(transport=transport, base_url="http://x") as client:
        del client.headers["accept-encoding"]
        return await client.request(method, path, headers=sent | ({"accept-encoding": accept} if accept else {}))


@pytest.mark.parametrize("size", [MIN_BYTES, MIN_BYTES + 1, len(TEXT)])
async def test_large_answer_is_compressed(size: int) -> None:
    response = await ask(f"/text/{size}")
    assert (response.headers["content-encoding"], response.headers["vary"]) == ("gzip", "Accept-Encoding")
    assert response.text == TEXT[:size]
    assert int(response.headers["content-length"]) < size / 10


@pytest.mark.parametrize(
    ("path", "accept"),
    [
        (f"/text/{MIN_BYTES - 1}", "gzip"),
        ("/text/5000", None),
        ("/text/5000", "gzip;q=0, br"),
        ("/text/5000", "identity"),
        ("/image", "gzip"),
        ("/stream", "gzip"),
    ],
)
async def test_other_answer_is_sent_as_it_is(path: str, accept: str | None) -> None:
    response = await ask(path, accept)
    assert "content-encoding" not in response.headers
    assert path == "/image" or response.headers["vary"] == "Accept-Encoding"
    assert set(response.text) == {"x"}


async def test_each_encoding_has_its_etag_and_both_name_one_version() -> None:
    compressed, plain = await ask("/text/5000"), await ask("/text/5000", None)
    assert (compressed.headers["etag"], plain.headers["etag"]) == ('"7-gzip"', TAG)
    for etag in (compressed.headers["etag"], f"W/{compressed.headers['etag']}", f'"x", {compressed.headers["etag"]}'):
        again = await ask("/text/5000", if_none_match=etag)
        assert (again.status_code, again.headers["etag"]) == (304, '"7-gzip"')
    again = await ask("/text/5000", None, if_none_match=TAG)
    assert (again.status_code, again.headers["etag"]) == (304, TAG)
    assert (await ask("/text", method="PUT", if_match=compressed.headers["etag"])).status_code == 200


async def test_head_has_the_headers_of_get() -> None:
    shown, head = await ask("/text/5000"), await ask("/text/5000", method="HEAD")
    assert head.content == b""
    assert head.headers == shown.headers


async def test_same_content_is_the_same_bytes() -> None:
    assert gzip.compress(b"x", 4, mtime=0) == gzip.compress(b"x", 4, mtime=0)
    first, second = [await ask("/text/5000") for _ in range(2)]
    assert first.headers["content-length"] == second.headers["content-length"]


@pytest.mark.parametrize(
    ("header", "accepted"),
    [
        ("gzip", True),
        ("GZIP", True),
        ("x-gzip", True),
        ("br, gzip", True),
        ("gzip;q=0.001", True),
        ("gzip ; q=1.000", True),
        ("*", True),
        ("br;q=1, *;q=0.5", True),
        ("", False),
        ("gzip;q=0", False),
        ("gzip;q=0.000", False),
        ("*;q=0", False),
        ("gzip;q=0, *", False),
        ("br", False),
        ("gzipped", False),
        ("gzip;q=2", False),
    ],
)
def test_accept_encoding(header: str, accepted: bool) -> None:
    assert accepts_gzip(header) is accepted


@given(st.text(max_size=200))
def test_any_header_is_understood_or_ignored(header: str) -> None:
    assert accepts_gzip(header) in {True, False}
