"""A unit of work: what the repositories of one transaction share, and the outbox that is written with them."""

from collections.abc import Sequence

from battlescope_events.messages import Message
from battlescope_events.postgres.database import Connection
from battlescope_events.postgres.outbox import Enqueued, Outbox


class UnitOfWork:
    """Base of a function's unit of work, which adds its repositories. Who opens the transaction commits it."""

    def __init__(self, connection: Connection, outbox: Outbox) -> None:
        self._connection = connection
        self._outbox = outbox

    async def enqueue(self, messages: Sequence[Message]) -> Enqueued:
        """Write messages into the outbox; they are published after the commit."""
        return await self._outbox.enqueue(self._connection, messages)
