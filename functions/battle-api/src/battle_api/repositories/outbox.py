"""The outbox: events stored in the transaction that changes state. Every function of the context publishes from it."""

from typing import Final, LiteralString

from psycopg.types.json import Jsonb

from battle_api.repositories.session import Database, Session
from battlescope_events.messages import Message
from battlescope_events.publisher import Publish

INSERT_EVENT: Final[LiteralString] = "INSERT INTO outbox (headers, body) VALUES (%(headers)s::jsonb, %(body)s::bytea)"
BATCH_SIZE: Final = 100  # the LIMIT of DEQUEUE_BATCH
DEQUEUE_BATCH: Final[LiteralString] = """
DELETE FROM outbox WHERE seq = ANY(ARRAY(SELECT seq FROM outbox ORDER BY seq LIMIT 100 FOR UPDATE SKIP LOCKED))
RETURNING seq, headers, body
"""


async def enqueue(session: Session, message: Message) -> None:
    await session.execute(INSERT_EVENT, {"headers": Jsonb(dict(message.headers)), "body": message.body})


async def flush(database: Database, publish: Publish) -> None:
    """Publish all stored events; a row is deleted only after the Broker has accepted its event.

    Raises:
        TransientError: the Broker or the database does not respond.
        PermanentError: the Broker rejects an event.
    """
    while await _publish_batch(database, publish) == BATCH_SIZE:
        pass


async def _publish_batch(database: Database, publish: Publish) -> int:
    async with database.transaction() as session:
        rows = sorted(await session.execute(DEQUEUE_BATCH, {}))
        await publish([Message(headers, bytes(body)) for _, headers, body in rows])
    return len(rows)
