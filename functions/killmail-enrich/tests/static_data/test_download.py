"""Fetching the export from a server and from a file."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
import pytest
from aiohttp import web

from battlescope_events.errors import PermanentError, TransientError
from killmail_enrich.static_data.download import StaticDataExport

Start = Callable[[Any], Any]


@pytest.mark.parametrize("body", [b"<html>", b"{}", b""])
async def test_other_content_is_unusable_and_unreachable_server_is_unavailable(serve: Start, body: bytes) -> None:
    async def respond(_: web.Request) -> web.Response:
        return web.Response(body=body)

    export = StaticDataExport(await serve(respond), "tests")

    with pytest.raises(PermanentError):
        await asyncio.to_thread(export.latest_build)
    with pytest.raises(TransientError):
        StaticDataExport("http://127.0.0.1:1", "tests").latest_build()


def test_file_is_read_without_http(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(httpx2, "stream")
    folder = tmp_path / "tranquility"
    folder.mkdir()
    (folder / "latest.jsonl").write_text('{"buildNumber": 7}')
    assert StaticDataExport(tmp_path.as_uri(), "tests").latest_build() == 7
