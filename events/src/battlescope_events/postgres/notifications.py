"""A subscription to a channel of PostgreSQL, whose messages arrive after the commit that sent them, in its order."""

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Final, Protocol

from psycopg import AsyncConnection, Error
from psycopg.sql import SQL, Identifier
from pydantic import SecretStr

from battlescope_events.background import end_tasks, start_in_background

RETRY_SECONDS: Final = 1.0
CONNECT_SECONDS: Final = 3
PING_SECONDS: Final = 5.0  # a connection that is silent for so long is asked whether it still lives
_log = logging.getLogger(__name__)


class NotificationListener(Protocol):
    """What follows the messages."""

    def subscription_began(self) -> None:
        """Messages of all later commits are received; earlier ones may be missing."""
        ...

    def subscription_ended(self) -> None:
        """Messages may be missed from now on."""
        ...

    def notified(self, payload: str) -> None: ...


@asynccontextmanager
async def notifications(
    url: SecretStr, channel: str, application_name: str, listener: NotificationListener
) -> AsyncGenerator[None]:
    """Listen in the background, on a connection of its own, until the end of the `async with` block."""
    task = start_in_background(_listen_forever(url, channel, application_name, listener), f"notifications of {channel}")
    try:
        yield
    finally:
        await end_tasks(task)


async def _listen_forever(url: SecretStr, channel: str, application_name: str, listener: NotificationListener) -> None:
    is_lost = False
    while True:
        try:
            await _listen(url, channel, application_name, listener)
        except (Error, OSError, TimeoutError) as error:
            if not is_lost:
                _log.warning("The subscription to %s is lost: %s", channel, error)
            is_lost = True
        finally:
            listener.subscription_ended()
        await asyncio.sleep(RETRY_SECONDS)


async def _listen(url: SecretStr, channel: str, application_name: str, listener: NotificationListener) -> None:
    """Pass messages on until the connection is lost, which raises an error of the driver."""
    connection = await AsyncConnection.connect(
        url.get_secret_value(), autocommit=True, application_name=application_name, connect_timeout=CONNECT_SECONDS
    )
    async with connection:
        await connection.execute(SQL("LISTEN {}").format(Identifier(channel)))
        listener.subscription_began()
        while True:
            async for notification in connection.notifies(timeout=PING_SECONDS):
                listener.notified(notification.payload)
            async with asyncio.timeout(PING_SECONDS):
                await connection.execute("SELECT 1")
