"""The battles of the demonstration, as battle-api serves them or does not."""

import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from aiohttp import ClientSession, web

from battlescope_local.demo import fetch_battles


@pytest.fixture
async def client() -> AsyncIterator[tuple[ClientSession, Callable[[int], None]]]:
    """A client of a battle-api with one battle, and a function that sets the status of its next responses."""
    status = 200

    def respond_with(new_status: int) -> None:
        nonlocal status
        status = new_status

    async def battles(_: web.Request) -> web.Response:
        return web.json_response({"items": [{"id": "1"}]}, status=status)

    app = web.Application()
    app.router.add_get("/api/battles", battles)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    async with ClientSession(f"http://{host}:{port}") as session:
        yield session, respond_with
    await runner.cleanup()


async def test_there_are_no_battles_while_battle_api_does_not_respond(
    client: tuple[ClientSession, Callable[[int], None]],
) -> None:
    session, respond_with = client
    assert await fetch_battles(session) == [{"id": "1"}]
    respond_with(503)
    assert await fetch_battles(session) == ()
    async with ClientSession("http://127.0.0.1:9") as nobody:
        assert await fetch_battles(nobody) == ()


def test_log_of_the_demo_goes_to_its_file(tmp_path: Path) -> None:
    """A line of the log on the terminal would tear the table; the folder is emptied while the file is open."""
    code = f"""
import logging, warnings
from pathlib import Path
from battlescope_local.cli import log_to_file
from battlescope_local.node.composition import _delete_data
folder = Path({str(tmp_path)!r})
log_to_file(folder)
logging.getLogger("aiohttp.server").error("Error handling request")
(folder / "old").touch()
_delete_data(folder)
warnings.warn("something")
logging.getLogger("asyncio").error("Task exception was never retrieved")
"""
    process = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert (process.stdout, process.stderr) == ("", "")
    assert [path.name for path in tmp_path.iterdir()] == ["node.log"]
    log = (tmp_path / "node.log").read_text()
    assert all(text in log for text in ("Error handling request", "something", "never retrieved"))
