"""An account has at most five streams open, exactly across instances, and whatever happens to them."""

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any
from uuid import UUID, uuid4

import pytest
from asgi_connection import AsgiConnection, connected
from guarded_api import OWN, Instance, Line, instance, until
from redis.asyncio import Redis

from battlescope_events.access import stream_slots
from battlescope_events.access.stream_slots import StreamSlots, TooManyStreamsError
from battlescope_events.edge.limits import MAX_STREAMS
from battlescope_events.valkey.connection import Valkey
from battlescope_local.testing.sessions import AccountWriter, Login

pytestmark = pytest.mark.stores
SECONDS = 20


def events(api: Instance, login: Login) -> Any:
    return connected(api.app, "http", "/api/sample/stream", login.headers)


def socket(api: Instance, login: Login) -> Any:
    return connected(api.app, "websocket", "/api/sample/socket", {**login.headers, "origin": OWN})


async def status_of(connection: AsgiConnection) -> int:
    """200 for a stream that began, the status of the refusal otherwise."""
    while True:
        message = await connection.sent.get()
        if message["type"] in {"http.response.start", "websocket.http.response.start"}:
            return message["status"]
        if message["type"] == "websocket.accept":
            return 200


@asynccontextmanager
async def slots(url: str) -> AsyncGenerator[StreamSlots]:
    connection = Valkey(url, asyncio.get_running_loop().time, retry_seconds=0.0)
    yield StreamSlots(connection, uuid4)
    await connection.close()


async def is_free(of_instance: StreamSlots, account: UUID) -> bool:
    try:
        async with of_instance.slot(account):
            return True
    except TooManyStreamsError:
        return False


@asynccontextmanager
async def all_slots(of_instance: StreamSlots, account: UUID) -> AsyncGenerator[None]:
    """Every slot of the account is taken and renewed during the block."""
    async with AsyncExitStack() as stack:
        renewals: list[asyncio.Task[None]] = []
        for _ in range(MAX_STREAMS):
            slot = await stack.enter_async_context(of_instance.slot(account))
            renewals.append(asyncio.create_task(of_instance.wait_until_lost(slot)))
        yield
        for renewal in renewals:
            renewal.cancel()
        await asyncio.gather(*renewals, return_exceptions=True)


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Slots that expire and are renewed sooner."""
    monkeypatch.setattr(stream_slots, "EXPIRES_SECONDS", 1.0)
    monkeypatch.setattr(stream_slots, "RENEW_SECONDS", 0.1)


async def test_the_sixth_stream_is_refused_by_whichever_instance(
    api: Instance, accounts: AccountWriter, valkey: str
) -> None:
    login, another = accounts.log_in(roles={"sample": 10}), accounts.log_in(roles={"sample": 10})
    async with asyncio.timeout(SECONDS), instance(valkey) as second, AsyncExitStack() as stack:
        opened = [
            await stack.enter_async_context((events, socket)[number % 2]((api, second)[number % 2], login))
            for number in range(MAX_STREAMS)
        ]
        assert [await status_of(connection) for connection in opened] == [200] * MAX_STREAMS
        for running in (api, second):
            async with events(running, login) as refused:
                assert (start := await refused.next("http.response.start"))["status"] == 429
                assert (b"retry-after", b"30") in start["headers"]
                assert b'"error":"too-many-streams"' in (await refused.next("http.response.body"))["body"]
            async with socket(running, login) as refused:
                assert await status_of(refused) == 429
        async with socket(api, another) as of_another:
            assert await status_of(of_another) == 200
        opened[1].to_app.put_nowait({"type": "websocket.disconnect", "code": 1000})
        while True:  # until the second instance has noticed that the client left
            async with events(api, login) as next_one:
                if await status_of(next_one) == 200:
                    break


async def test_requests_at_once_get_exactly_the_free_slots(valkey: str) -> None:
    account = uuid4()
    opened, end = list[bool](), asyncio.Event()

    async def open_stream(of_instance: StreamSlots) -> None:
        try:
            async with of_instance.slot(account):
                opened.append(True)
                await end.wait()
        except TooManyStreamsError:
            opened.append(False)

    async with slots(valkey) as one, slots(valkey) as two, asyncio.timeout(SECONDS):
        tasks = [asyncio.create_task(open_stream((one, two)[number % 2])) for number in range(40)]
        await until(lambda: len(opened) == len(tasks))
        assert opened.count(True) == MAX_STREAMS
        end.set()
        await asyncio.gather(*tasks)
        assert await is_free(one, account)
        assert await is_free(two, account)


@pytest.mark.usefixtures("short")
async def test_slots_of_a_killed_instance_come_back_and_running_ones_stay(valkey: str) -> None:
    killed, running = uuid4(), uuid4()
    async with slots(valkey) as one, slots(valkey) as two, AsyncExitStack() as stack, asyncio.timeout(SECONDS):
        await stack.enter_async_context(all_slots(one, running))
        for _ in range(MAX_STREAMS):
            await stack.enter_async_context(one.slot(killed))  # nothing renews it
        assert not await is_free(two, killed)
        while not await is_free(two, killed):
            await asyncio.sleep(0.01)
        assert not await is_free(two, running)


@pytest.mark.usefixtures("short")
async def test_a_stream_whose_slot_was_taken_meanwhile_ends(
    api: Instance, accounts: AccountWriter, valkey: str
) -> None:
    """Valkey has lost what it knew, and five others came first."""
    login = accounts.log_in(roles={"sample": 10})
    key, in_an_hour = f"streams:{login.account_id}", (time.time() + 3600) * 1000
    async with asyncio.timeout(SECONDS), events(api, login) as connection:
        assert await status_of(connection) == 200
        async with Redis.from_url(valkey) as redis, redis.pipeline(transaction=True) as transaction:
            commands: Any = transaction
            commands.delete(key)
            commands.zadd(key, {str(number): in_an_hour for number in range(MAX_STREAMS)})
            await commands.execute()
        while (message := await connection.next("http.response.body"))["more_body"]:
            pass
        assert b"event: access-ended" in message["body"]
        assert b"at most 5 streams" in message["body"]


@pytest.mark.usefixtures("short")
async def test_without_valkey_each_instance_counts_and_all_count_when_it_is_back(line: Line, valkey: str) -> None:
    account = uuid4()
    async with slots(line.url) as one, slots(valkey) as two, asyncio.timeout(SECONDS):
        await line.cut()
        async with all_slots(one, account):
            assert not await is_free(one, account)
            assert await is_free(two, account)
            await line.mend()
            # Read, not tried: a stream that is tried could take the slot of one that is not counted again yet.
            async with Redis.from_url(valkey) as redis:
                while await redis.zcard(f"streams:{account}") < MAX_STREAMS:
                    await asyncio.sleep(0.01)
            assert not await is_free(two, account)
