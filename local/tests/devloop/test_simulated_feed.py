"""The simulated feed of `battlescope dev` continues at its position."""

import asyncio
import json
from pathlib import Path

from aiohttp import web
from aiohttp.test_utils import TestServer

from battlescope_local.devloop.simulated_feed import INITIAL_KILLMAILS, feed_arguments, record_feed_position


async def test_feed_continues_at_its_position(tmp_path: Path) -> None:
    def head_start(**options: bool) -> str:
        arguments = feed_arguments(tmp_path, **options)
        return arguments[arguments.index("--head-start") + 1]

    async def state(_: web.Request) -> web.Response:
        return web.json_response({"first": 1000, "next": 1900})

    assert head_start() == str(INITIAL_KILLMAILS)
    app = web.Application()
    app.router.add_get("/control/state", state)
    async with TestServer(app) as server:
        (tmp_path / "secrets.json").write_text(json.dumps({"port-upstream": str(server.port)}))
        recording = asyncio.create_task(record_feed_position(tmp_path))
        async with asyncio.timeout(20):
            while head_start() != "900":
                await asyncio.sleep(0.01)
        recording.cancel()
        await asyncio.gather(recording, return_exceptions=True)
    assert head_start(fresh=True) == str(INITIAL_KILLMAILS)
