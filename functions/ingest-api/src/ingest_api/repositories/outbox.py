"""The outbox: events stored in the transaction that changes state.

ingest-poll publishes all rows of this outbox. ingest-api publishes only its own events, because other events may be
meant for another Broker.
"""

from typing import Final, LiteralString

from psycopg.types.json import Jsonb

from battlescope_events.messages import Message
from battlescope_events.publisher import Publish
from ingest_api.repositories.session import Database, Session

INSERT_EVENT: Final[LiteralString] = "INSERT INTO outbox (headers, body) VALUES (%(headers)s::jsonb, %(body)s::bytea)"
BATCH_SIZE: Final = 20  # the LIMIT of DEQUEUE_BATCH
DEQUEUE_BATCH: Final[LiteralString] = """
DELETE FROM outbox WHERE id = ANY(ARRAY(
    SELECT id FROM outbox WHERE headers ->> 'ce-source' = %(source)s::text AND failure IS NULL
    ORDER BY id LIMIT 20 FOR UPDATE SKIP LOCKED
))
RETURNING id, headers, body
"""


async def enqueue(session: Session, message: Message) -> None:
    await session.execute(INSERT_EVENT, {"headers": Jsonb(dict(message.headers)), "body": message.body})


async def flush(database: Database, publish: Publish, source: str) -> None:
    """Publish all stored events of this source; a row is deleted only after the Broker has accepted its event.

    Raises:
        TransientError: the Broker or the database does not respond.
        PermanentError: the Broker rejects an event.
    """
    while await _publish_batch(database, publish, source) == BATCH_SIZE:
        pass


async def _publish_batch(database: Database, publish: Publish, source: str) -> int:
    async with database.transaction() as session:
        rows = sorted(await session.execute(DEQUEUE_BATCH, {"source": source}))
        await publish([Message(headers, bytes(body)) for _, headers, body in rows])
    return len(rows)
