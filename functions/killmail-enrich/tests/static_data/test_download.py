"""Fetching the export from a server and from a file."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from battlescope_events.errors import PermanentError, TransientError
from battlescope_events.upstream.client import UpstreamClient, external_http
from battlescope_events.upstream.errors import UpstreamUnavailable
from battlescope_local.testing.upstreams import instant_client
from killmail_enrich.static_data.download import POLICY, UPSTREAM, StaticDataExport

Start = Callable[[Any], Any]
NOWHERE = "http://127.0.0.1:1"


@pytest.fixture
async def upstream() -> AsyncIterator[UpstreamClient]:
    async with external_http("tests", NOWHERE) as http:
        http.follow_redirects = True
        yield instant_client(UPSTREAM, http, policy=POLICY)


@pytest.mark.parametrize("body", [b"<html>", b"{}", b""])
async def test_other_content_is_unusable(serve: Start, upstream: UpstreamClient, body: bytes) -> None:
    async def respond(_: web.Request) -> web.Response:
        return web.Response(body=body)

    with pytest.raises(PermanentError):
        await StaticDataExport(await serve(respond), upstream).latest_build()


async def test_missing_export_is_unavailable(serve: Start, upstream: UpstreamClient, tmp_path: Path) -> None:
    async def respond(_: web.Request) -> web.Response:
        return web.Response(status=404)

    with pytest.raises(TransientError, match="status 404"):
        await StaticDataExport(await serve(respond), upstream).latest_build()
    with pytest.raises(TransientError, match="No such file"):
        await StaticDataExport(tmp_path.as_uri(), upstream).latest_build()


async def test_unreachable_server_is_unavailable(upstream: UpstreamClient) -> None:
    with pytest.raises(UpstreamUnavailable, match="does not respond"):
        await StaticDataExport(NOWHERE, upstream).latest_build()


async def test_redirect_is_followed(serve: Start, upstream: UpstreamClient) -> None:
    async def respond(request: web.Request) -> web.Response:
        if request.path == "/moved":
            return web.Response(body=b'{"buildNumber": 7}')
        return web.Response(status=302, headers={"Location": "/moved"})

    assert await StaticDataExport(await serve(respond), upstream).latest_build() == 7


async def test_file_is_read_without_http(
    tmp_path: Path, upstream: UpstreamClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(UpstreamClient, "download")
    folder = tmp_path / "tranquility"
    folder.mkdir()
    (folder / "latest.jsonl").write_text('{"buildNumber": 7}')
    assert await StaticDataExport(tmp_path.as_uri(), upstream).latest_build() == 7
