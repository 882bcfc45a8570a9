"""The battles of the demonstration, as battle-api serves them or does not."""

from collections.abc import AsyncIterator, Callable

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
