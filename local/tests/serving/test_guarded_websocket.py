"""A WebSocket of a real function behind the public gateway: who may open it, and when it ends."""

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from aiohttp import ClientSession, WSMsgType, WSServerHandshakeError
from gateway_site import SOCKET_API, SOCKET_PATH, running_site

from battlescope_local.testing.sessions import AccountWriter, Login

pytestmark = pytest.mark.stores
SECONDS = 20  # far below the minute after which sessions are read again anyway
LOSSES: dict[str, Callable[[AccountWriter, Login], None]] = {
    "role": lambda accounts, login: accounts.change(login, roles={}),
    "block": lambda accounts, login: accounts.change(login, is_blocked=True),
    "logout": lambda accounts, login: accounts.end(login),
}


@pytest.fixture
def accounts(valkey: str) -> Iterator[AccountWriter]:
    writer = AccountWriter(valkey)
    yield writer
    writer.close()


async def test_websockets_of_the_gateway_end_with_the_right(
    valkey: str, accounts: AccountWriter, tmp_path: Path
) -> None:
    environments = {SOCKET_API: {"REDIS_URL": valkey}}
    async with running_site(tmp_path, lambda _: environments) as (url, services), ClientSession() as client:

        async def refusal(headers: dict[str, str]) -> int:
            with pytest.raises(WSServerHandshakeError) as error:
                await client.ws_connect(f"{url}{SOCKET_PATH}", headers=headers)
            return error.value.status

        kept = accounts.log_in()
        own = {"Origin": url}
        assert await refusal(own) == 401
        assert await refusal({**own, **accounts.log_in(roles={}).headers}) == 403
        assert await refusal({"Origin": "https://evil.example", **kept.headers}) == 403
        assert await refusal(kept.headers) == 403  # a cookie without an Origin
        async with client.ws_connect(f"{url}{SOCKET_PATH}", headers={**own, **kept.headers}) as lasting:
            for name, lose in LOSSES.items():
                login = accounts.log_in()
                async with client.ws_connect(f"{url}{SOCKET_PATH}", headers={**own, **login.headers}) as socket:
                    await socket.send_str("x")
                    assert await socket.receive_str() == "x"
                    lose(accounts, login)
                    async with asyncio.timeout(SECONDS):
                        message = await socket.receive()
                    assert (message.type, message.data) == (WSMsgType.CLOSE, 1008), name
            await lasting.send_str("still here")
            assert await lasting.receive_str() == "still here"
        assert services[SOCKET_API].status().instances == 1
