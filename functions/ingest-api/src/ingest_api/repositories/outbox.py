"""What is to be said, kept with the state it tells of.

ingest-poll says whatever lies in this outbox, too; here only our own sentences are taken, because others may be meant
for another Broker than ours.
"""

from typing import Final, LiteralString

from psycopg.types.json import Jsonb

from battlescope_events.messages import Message
from battlescope_events.publisher import Publish
from ingest_api.repositories.session import Session, Store

SAY: Final[LiteralString] = "INSERT INTO outbox (headers, body) VALUES (%(headers)s::jsonb, %(body)s::bytea)"
SAID_AT_ONCE: Final = 20
TAKE_SAID: Final[LiteralString] = """
DELETE FROM outbox WHERE id = ANY(ARRAY(
    SELECT id FROM outbox WHERE headers ->> 'ce-source' = %(source)s::text AND failure IS NULL
    ORDER BY id LIMIT 20 FOR UPDATE SKIP LOCKED
))
RETURNING id, headers, body
"""


async def say(writing: Session, message: Message) -> None:
    await writing.plain(SAY, {"headers": Jsonb(dict(message.headers)), "body": message.body})


async def deliver_said(store: Store, publish: Publish, source: str) -> None:
    """Say what waits; rows go only when the Broker has their events.

    Raises:
        TransientError: the Broker or the database does not answer.
        PermanentError: the Broker refuses an event.
    """
    while await _deliver_some(store, publish, source) == SAID_AT_ONCE:
        pass


async def _deliver_some(store: Store, publish: Publish, source: str) -> int:
    async with store.writing() as writing:
        rows = sorted(await writing.plain(TAKE_SAID, {"source": source}))
        await publish([Message(headers, bytes(body)) for _, headers, body in rows])
    return len(rows)
