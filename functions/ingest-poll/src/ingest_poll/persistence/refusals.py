"""Bodies of the feed that are refused, until they are read again with success."""

from collections.abc import Sequence
from typing import Final, LiteralString

from battlescope_events.postgres.database import Connection
from battlescope_schemas.reference import KillmailRefused

INSERT_REFUSED: Final[LiteralString] = """
INSERT INTO refused_bodies (event_id, sequence_id, url, reason, excerpt, archive_key)
SELECT * FROM unnest(%(event_ids)s::uuid[], %(sequences)s::bigint[], %(urls)s::text[], %(reasons)s::text[],
  %(excerpts)s::text[], %(keys)s::text[]) ON CONFLICT DO NOTHING"""
DELETE_REFUSED: Final[LiteralString] = "DELETE FROM refused_bodies WHERE archive_key = %(key)s"


class RefusalRepository:
    """Refused bodies in the caller's transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def insert(self, refused: Sequence[tuple[str, KillmailRefused]]) -> None:
        """Insert payloads of refused entries, each with its event's id."""
        if refused:
            params = {
                "event_ids": [event_id for event_id, _ in refused],
                "sequences": [payload.sequence_id for _, payload in refused],
                "urls": [payload.url for _, payload in refused],
                "reasons": [payload.reason for _, payload in refused],
                "excerpts": [payload.excerpt for _, payload in refused],
                "keys": [payload.archive_key for _, payload in refused],
            }
            await self._connection.execute(INSERT_REFUSED, params)

    async def delete(self, archive_key: str) -> None:
        await self._connection.execute(DELETE_REFUSED, {"key": archive_key})
