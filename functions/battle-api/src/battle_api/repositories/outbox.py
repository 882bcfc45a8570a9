"""What is to be said, kept with the state it tells of; any function of the context may say it."""

from typing import Final, LiteralString

from psycopg.types.json import Jsonb

from battle_api.repositories.session import Session, Store
from battlescope_events.messages import Message
from battlescope_events.publisher import Publish

SAY: Final[LiteralString] = "INSERT INTO outbox (headers, body) VALUES (%(headers)s::jsonb, %(body)s::bytea)"
SAID_AT_ONCE: Final = 100
TAKE_SAID: Final[LiteralString] = """
DELETE FROM outbox WHERE seq = ANY(ARRAY(SELECT seq FROM outbox ORDER BY seq LIMIT 100 FOR UPDATE SKIP LOCKED))
RETURNING seq, headers, body
"""


async def say(writing: Session, message: Message) -> None:
    await writing.plain(SAY, {"headers": Jsonb(dict(message.headers)), "body": message.body})


async def deliver_said(store: Store, publish: Publish) -> None:
    """Say what waits; rows go only when the Broker has their events.

    Raises:
        TransientError: the Broker or the database does not answer.
        PermanentError: the Broker refuses an event.
    """
    while await _deliver_some(store, publish) == SAID_AT_ONCE:
        pass


async def _deliver_some(store: Store, publish: Publish) -> int:
    async with store.writing() as writing:
        rows = sorted(await writing.plain(TAKE_SAID, {}))
        await publish([Message(headers, bytes(body)) for _, headers, body in rows])
    return len(rows)
