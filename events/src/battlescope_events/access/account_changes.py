"""The subscription to changes of accounts in Valkey, which renews itself. The driver is imported when it starts."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Any, Final, Protocol
from uuid import UUID

from battlescope_events.background import end_tasks, start_in_background
from battlescope_schemas.accounts.session import ACCOUNT_CHANGES_CHANNEL, AccountChange

PING_SECONDS: Final = 5.0  # a connection that is silent for two of them is lost
RETRY_SECONDS: Final = 0.5
CONNECT_SECONDS: Final = 1.0
_log = logging.getLogger(__name__)


class ChangeListener(Protocol):
    """What follows the changes."""

    def subscription_began(self) -> None:
        """Changes are received from now on; earlier ones may be missing."""
        ...

    def subscription_ended(self) -> None:
        """Changes may be missed from now on."""
        ...

    def account_changed(self, account_id: UUID) -> None: ...


@asynccontextmanager
async def subscription(url: str, listener: ChangeListener) -> AsyncGenerator[None]:
    """Subscribe in the background until the end of the `async with` block."""
    task = start_in_background(_subscribe_forever(url, listener), "changes of accounts")
    try:
        yield
    finally:
        await end_tasks(task)


async def _subscribe_forever(url: str, listener: ChangeListener) -> None:
    connect, errors = await asyncio.to_thread(_driver, url)
    is_lost = False
    while True:
        try:
            async with connect() as redis, redis.pubsub() as channel:
                await _receive(channel, listener)
        except errors as error:
            if not is_lost:
                _log.warning("The subscription to changes of accounts is lost: %s", error)
            is_lost = True
        finally:
            listener.subscription_ended()
        await asyncio.sleep(RETRY_SECONDS)


async def _receive(channel: Any, listener: ChangeListener) -> None:
    """Pass changes on until the connection is lost, which raises an error of the driver."""
    await channel.subscribe(ACCOUNT_CHANGES_CHANNEL)
    is_answer_due = False
    while True:
        message: Any = await channel.get_message(timeout=PING_SECONDS)
        if message is None:
            if is_answer_due:
                raise ConnectionError("Valkey does not answer.")
            await channel.ping()
            is_answer_due = True
            continue
        is_answer_due = False
        if message["type"] == "subscribe":
            listener.subscription_began()
        elif message["type"] == "message":
            _pass_on(message["data"], listener)


def _pass_on(data: str, listener: ChangeListener) -> None:
    try:
        change = AccountChange.model_validate_json(data)
    except ValueError:
        _log.error("The channel %s contains a message that is no change of an account.", ACCOUNT_CHANGES_CHANNEL)
        return
    listener.account_changed(change.account_id)


def _driver(url: str) -> tuple[Callable[[], Any], tuple[type[Exception], ...]]:
    """What opens a connection that never retries by itself, and the errors that it raises."""
    from redis.asyncio import Redis  # noqa: PLC0415  # it takes longer than a cold start should
    from redis.asyncio.retry import Retry  # noqa: PLC0415  # as above
    from redis.backoff import NoBackoff  # noqa: PLC0415  # as above
    from redis.exceptions import RedisError  # noqa: PLC0415  # as above

    def connect() -> Any:
        return Redis.from_url(  # pyright: ignore[reportUnknownMemberType]  # its keyword arguments have no types
            url, decode_responses=True, socket_connect_timeout=CONNECT_SECONDS, retry=Retry(NoBackoff(), 0)
        )

    return connect, (RedisError, OSError)
