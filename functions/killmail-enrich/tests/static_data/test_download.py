"""Fetching the export from a server and from a file."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from battlescope_events.errors import PermanentError, TransientError
from battlescope_events.upstream.client import UpstreamClient
from battlescope_events.upstream.errors import UpstreamUnavailable
from battlescope_events.upstream.http import external_http
from battlescope_local.testing.upstreams import instant_client
from killmail_enrich.static_data.download import POLICY, UPSTREAM, StaticDataExport

Start = Callable[[Any], Any]
NOWHERE = "http://127.0.0.1:1"


@pytest.fixture
async def upstream() -> AsyncIterator[UpstreamClient]:
    async with external_http("tests", follow_redirects=True) as http:
        yield instant_client(UPSTREAM, http, policy=POLICY)


@pytest.mark.parametrize(
    "body",
    [
        b"<html>", b"{}", b"", b'{"buildNumber": 3', b"[" * 4096,
        *(b'{"buildNumber": %b}' % odd for odd in (b'"3"', b"true", b"-1", b"1e99", b"9" * 30)),
    ],
)  # fmt: skip
async def test_server_with_other_content_is_asked_again(serve: Start, upstream: UpstreamClient, body: bytes) -> None:
    async def respond(_: web.Request) -> web.Response:
        return web.Response(body=body)

    with pytest.raises(TransientError, match="build number"):
        await StaticDataExport(await serve(respond), upstream).latest_build()


@pytest.mark.parametrize("content", [b"", b"<html>", b"PK\x03\x04 half of a zip"])
async def test_file_that_is_no_export_is_unusable(upstream: UpstreamClient, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "sde.zip").write_bytes(content)
    export = StaticDataExport(f"file://{tmp_path}/sde.zip", upstream)
    with pytest.raises(PermanentError, match="no export"):
        await export.latest_build()
    with pytest.raises(PermanentError, match="not an export"):
        async with export.tables(1):
            pass


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
