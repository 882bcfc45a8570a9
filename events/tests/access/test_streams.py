"""Running streams end when the caller loses the right, by each way to lose it."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from asgi_connection import AsgiConnection, connected
from guarded_api import Instance, Line, instance, until

from battlescope_events.access.session_cache import CACHE_SECONDS
from battlescope_local.testing.sessions import AccountWriter, Login

pytestmark = pytest.mark.stores
OWN = "https://battlescope.example"
LOSSES: dict[str, Callable[[AccountWriter, Login], None]] = {
    "role": lambda accounts, login: accounts.change(login, roles={"sample": 0}),
    "block": lambda accounts, login: accounts.change(login, is_blocked=True),
    "logout": lambda accounts, login: accounts.end(login),
}
SECONDS = 20  # far below the minute after which sessions are read again anyway


def stream(api: Instance, login: Login) -> Any:
    return connected(api.app, "http", "/api/sample/stream", login.headers)


def socket(api: Instance, login: Login) -> Any:
    return connected(api.app, "websocket", "/api/sample/socket", {**login.headers, "origin": OWN})


async def end_of_stream(connection: AsgiConnection) -> bytes:
    while (message := await connection.next("http.response.body"))["more_body"]:
        pass
    return message["body"]


async def begin_stream(connection: AsgiConnection) -> None:
    assert (await connection.next("http.response.start"))["status"] == 200
    assert b"data: 0" in (await connection.next("http.response.body"))["body"]


async def begin_socket(connection: AsgiConnection) -> None:
    await connection.next("websocket.accept")
    connection.to_app.put_nowait({"type": "websocket.receive", "text": "x"})
    assert (await connection.next("websocket.send"))["text"] == "x"


@pytest.mark.parametrize("loss", LOSSES)
async def test_streams_end_with_the_right(api: Instance, accounts: AccountWriter, loss: str) -> None:
    login, other = accounts.log_in(roles={"sample": 10}), accounts.log_in(roles={"sample": 10})
    async with asyncio.timeout(SECONDS), stream(api, login) as events, socket(api, login) as messages:  # noqa: SIM117  # too long
        async with socket(api, other) as kept:  # one line would be too long
            await begin_stream(events)
            await begin_socket(messages)
            await begin_socket(kept)
            LOSSES[loss](accounts, login)
            assert b"event: access-ended" in await end_of_stream(events)
            assert (await messages.next("websocket.close"))["code"] == 1008
            kept.to_app.put_nowait({"type": "websocket.receive", "text": "still here"})
            assert (await kept.next("websocket.send"))["text"] == "still here"


async def test_streams_end_when_the_session_expires(api: Instance, accounts: AccountWriter) -> None:
    soon = datetime.now(UTC) + timedelta(seconds=1)
    login = accounts.log_in(roles={"sample": 10}, expires_at=soon)
    async with asyncio.timeout(SECONDS), stream(api, login) as events:
        await begin_stream(events)
        assert b"The session has ended." in await end_of_stream(events)


async def test_streams_go_on_while_what_is_known_is_fresh_and_end_then(line: Line, accounts: AccountWriter) -> None:
    async with instance(line.url) as api, asyncio.timeout(SECONDS):
        login = accounts.log_in(roles={"sample": 10})
        async with socket(api, login) as messages:
            await begin_socket(messages)
            await line.cut()
            await until(lambda: not api.sessions.is_subscribed)
            await begin_socket_again(messages)
            await line.mend()  # a new subscription reads all sessions again
            await until(lambda: api.sessions.is_subscribed)
            await begin_socket_again(messages)
            await line.cut()
            api.clock.offset += CACHE_SECONDS
            assert (await messages.next("websocket.close"))["reason"].startswith("Sessions cannot be checked")


async def begin_socket_again(connection: AsgiConnection) -> None:
    connection.to_app.put_nowait({"type": "websocket.receive", "text": "y"})
    assert (await connection.next("websocket.send"))["text"] == "y"


async def test_streams_ask_for_the_right_and_the_origin(api: Instance, accounts: AccountWriter) -> None:
    user, nobody = accounts.log_in(roles={"sample": 10}), accounts.log_in(roles={})
    async with asyncio.timeout(SECONDS):
        for login, expected in ((nobody, 403), (Login(nobody.account_id, "", {}), 401)):
            async with stream(api, login) as events:
                assert (await events.next("http.response.start"))["status"] == expected
            async with socket(api, login) as messages:
                assert (await messages.next("websocket.http.response.start"))["status"] == expected
        for origin in ("https://evil.example", "null", None):
            headers = {**user.headers, **({"origin": origin} if origin else {})}
            async with connected(api.app, "websocket", "/api/sample/socket", headers) as messages:
                assert (await messages.next("websocket.http.response.start"))["status"] == 403


async def test_a_client_that_leaves_ends_its_watch(api: Instance, accounts: AccountWriter) -> None:
    login = accounts.log_in(roles={"sample": 10})
    async with asyncio.timeout(SECONDS):
        async with socket(api, login) as messages:
            await begin_socket(messages)
            assert api.sessions.watched_accounts == {login.account_id}
            messages.to_app.put_nowait({"type": "websocket.disconnect", "code": 1000})
            await until(lambda: not api.sessions.watched_accounts)
