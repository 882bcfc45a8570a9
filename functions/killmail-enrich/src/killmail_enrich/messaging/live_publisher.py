"""Appends to the live log. What Valkey does not take waits in the outbox, so that no stream misses it."""

import logging
from collections.abc import Sequence
from contextlib import suppress
from typing import Final
from uuid import uuid5

from battlescope_events.errors import TransientError
from battlescope_events.messages import NAMESPACE, Message
from battlescope_events.postgres.database import Database
from battlescope_events.postgres.outbox import Enqueued, Outbox
from battlescope_events.valkey.live_log import LiveLog
from battlescope_schemas.live.log import LiveKind
from killmail_enrich.messaging.live_entries import LiveEntry, killmail_entry

OUTBOX: Final = "live-log"
_log = logging.getLogger(__name__)


class LivePublisher:
    """Call it after the commit of what the entries describe and before the event is acknowledged."""

    def __init__(self, live_log: LiveLog, database: Database, outbox: Outbox) -> None:
        """Take the log, and the outbox `OUTBOX` of the database for the times when Valkey does not answer."""
        self._live_log, self._database, self._outbox = live_log, database, outbox

    async def publish(self, entries: Sequence[LiveEntry]) -> None:
        """Append the entries to the log now, or as soon as Valkey answers again.

        Raises:
            TransientError: neither Valkey nor the database takes them.
        """
        if not entries:
            return
        if await self._live_log.append(entries) is None:
            await self._keep(entries)
        else:
            await self._publish_kept(Enqueued())

    async def publish_killmails(self, killmail_ids: Sequence[int]) -> None:
        """Append stored killmails. Raises as `publish` does."""
        await self.publish(list(map(killmail_entry, killmail_ids)))

    async def flush(self) -> None:
        """Append what waits, also what other processes left."""
        with suppress(TransientError):
            await self._outbox.flush(self._append)

    async def _keep(self, entries: Sequence[LiveEntry]) -> None:
        async with self._database.transaction() as connection:
            kept = await self._outbox.enqueue(connection, [_message(*entry) for entry in entries])
        await self._publish_kept(kept)

    async def _publish_kept(self, enqueued: Enqueued) -> None:
        try:
            await self._outbox.publish_committed(enqueued, self._append)
        except TransientError as error:
            _log.debug("Entries of the live log wait in the outbox: %s", error)

    async def _append(self, messages: Sequence[Message]) -> None:
        entries = [(LiveKind(message.type), message.body.decode()) for message in messages]
        if entries and await self._live_log.append(entries) is None:
            raise TransientError("Valkey does not answer.")


def _message(kind: LiveKind, body: str) -> Message:
    return Message({"ce-id": str(uuid5(NAMESPACE, f"{kind}|{body}")), "ce-type": kind}, body.encode())
