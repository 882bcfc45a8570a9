"""Killmails that lists name: those that are not stored, and those that cannot be had now."""

from collections.abc import Mapping, Sequence
from typing import Final, LiteralString

from battlescope_events.postgres.database import Connection

MAX_LISTING_TRIES: Final = 6  # from ten minutes on, doubled: ESI has a killmail within hours, or the list is wrong
MISSING_IDS: Final[LiteralString] = """
SELECT listed.killmail_id FROM unnest(%(ids)s::bigint[]) AS listed (killmail_id)
WHERE NOT EXISTS (SELECT FROM killmail_ids AS i WHERE i.killmail_id = listed.killmail_id)
  AND NOT EXISTS (SELECT FROM unavailable_listings AS u
    WHERE u.killmail_id = listed.killmail_id AND (u.tries >= %(max_tries)s OR u.due_at > now()))
ORDER BY listed.killmail_id DESC"""
POSTPONE_LISTED: Final[LiteralString] = """
INSERT INTO unavailable_listings AS stored (killmail_id, reason, due_at)
SELECT killmail_id, reason, now() + interval '10 minutes'
FROM unnest(%(ids)s::bigint[], %(reasons)s::text[]) AS u (killmail_id, reason) ORDER BY killmail_id
ON CONFLICT (killmail_id) DO UPDATE SET reason = excluded.reason, tries = stored.tries + 1, updated_at = now(),
  due_at = now() + interval '10 minutes' * 2 ^ stored.tries"""
DELETE_OLD_LISTINGS: Final[LiteralString] = """
DELETE FROM unavailable_listings WHERE updated_at < now() - interval '7 days'"""


class ListingRepository:
    """Listed killmails in the caller's transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def missing_ids(self, killmail_ids: Sequence[int]) -> list[int]:
        """Of listed killmails those that are neither stored nor known to be unavailable now, the newest first."""
        params = {"ids": list(killmail_ids), "max_tries": MAX_LISTING_TRIES}
        return await self._connection.column(MISSING_IDS, params)

    async def postpone(self, unavailable: Mapping[int, str]) -> None:
        """Remember listed killmails that cannot be had now, with the reason of each."""
        if unavailable:
            params = {"ids": list(unavailable), "reasons": list(unavailable.values())}
            await self._connection.execute(POSTPONE_LISTED, params)
            await self._connection.execute(DELETE_OLD_LISTINGS)
