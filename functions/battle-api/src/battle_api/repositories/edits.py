"""Manual edits of battles, and what an edit may refer to.

An edit affects a battle when it was made on the battle (or on one merged into it), or when it names killmails that are
in the battle now.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final, LiteralString, NamedTuple
from uuid import UUID

from battle_api.domain.edit_conflicts import ActiveEdit
from battle_api.domain.rows import Edit
from battle_api.repositories.party_order import PARTY_ORDER
from battlescope_events.postgres.database import Connection

_AFFECTS_BATTLE: Final[LiteralString] = """
(e.battle_id = %(id)s::uuid
    OR e.battle_id = ANY(ARRAY(SELECT alias_id FROM battle_aliases WHERE battle_id = %(id)s::uuid))
    OR e.killmail_ids && ARRAY(SELECT killmail_id FROM battle_killmails WHERE battle_id = %(id)s::uuid))
"""
_EDIT: Final[LiteralString] = """
SELECT e.id, e.battle_id, e.kind, e.killmail_ids, e.data, e.author, e.author_account_id, e.author_character_id, e.note,
    e.made_at, e.undone_at, e.undone_by, e.undone_by_character_id, e.version, e.applied_version
FROM battle_edits e WHERE
"""
_COUNT_EDITS: Final[LiteralString] = "SELECT count(*) FROM battle_edits e WHERE "
ACTIVE_COUNT: Final[LiteralString] = _COUNT_EDITS + "e.undone_at IS NULL AND " + _AFFECTS_BATTLE
EDIT: Final[LiteralString] = _EDIT + "e.id = %(edit)s::uuid AND " + _AFFECTS_BATTLE
COUNT: Final[LiteralString] = _COUNT_EDITS + _AFFECTS_BATTLE
PAGE: Final[LiteralString] = (
    _EDIT + _AFFECTS_BATTLE + "ORDER BY e.seq DESC LIMIT %(limit)s::integer OFFSET %(offset)s::integer"
)
EDIT_BY_ID: Final[LiteralString] = _EDIT + "e.id = %(edit)s::uuid"
EDITS_BY_ID: Final[LiteralString] = _EDIT + "e.id = ANY(%(edits)s::uuid[]) ORDER BY e.seq LIMIT 100"

# The row lock serializes writers, so that the second writer sees the edit of the first one.
NEXT_VERSION: Final[LiteralString] = """
UPDATE clustering_configuration SET edits_version = edits_version + 1 RETURNING edits_version
"""
PENDING_EDIT: Final[LiteralString] = """
SELECT e.id FROM battle_edits e
WHERE e.applied_version < e.version AND greatest(e.made_at, e.undone_at) > %(since)s::timestamptz AND
""" + (_AFFECTS_BATTLE + " LIMIT 1")
REVISION: Final[LiteralString] = "SELECT revision FROM battles WHERE id = %(id)s::uuid"
INSERT: Final[LiteralString] = """
INSERT INTO battle_edits (id, battle_id, kind, killmail_ids, data, author, author_account_id, author_character_id, note,
    made_at, version)
VALUES (%(id)s::uuid, %(battle_id)s::uuid, %(kind)s::text, %(killmail_ids)s::bigint[], %(data)s::jsonb,
    %(author)s::text, %(author_account_id)s::uuid, %(author_character_id)s::bigint,
    %(note)s::text, %(made_at)s::timestamptz, %(version)s::bigint)
"""
UNDO: Final[LiteralString] = """
UPDATE battle_edits SET undone_at = %(undone_at)s::timestamptz, undone_by = %(author)s::text,
    undone_by_character_id = %(character_id)s::bigint, version = %(version)s::bigint
WHERE id = %(edit_id)s::uuid AND undone_at IS NULL RETURNING battle_id
"""

# Statements that validate what an edit refers to.
ACTIVE_BY_KILLMAILS: Final[LiteralString] = """
SELECT id, kind, killmail_ids, data FROM battle_edits
WHERE undone_at IS NULL AND kind IN ('tag', 'split', 'exclude') AND killmail_ids && %(killmail_ids)s::bigint[]
ORDER BY seq LIMIT 1000
"""
MEMBERS: Final[LiteralString] = """
SELECT killmail_id FROM battle_killmails
WHERE battle_id = %(id)s::uuid AND killmail_id = ANY(%(killmail_ids)s::bigint[])
"""
STORED_KILLMAILS: Final[LiteralString] = (
    "SELECT killmail_id FROM mails WHERE killmail_id = ANY(%(killmail_ids)s::bigint[])"
)
FIRST_KILLMAILS: Final[LiteralString] = """
SELECT requested.id, first.killmail_id
FROM unnest(%(ids)s::uuid[]) WITH ORDINALITY AS requested (id, ordinal)
LEFT JOIN battle_aliases a ON a.alias_id = requested.id
CROSS JOIN LATERAL (
    SELECT killmail_id FROM battle_killmails WHERE battle_id = coalesce(a.battle_id, requested.id)
    ORDER BY occurred_at, killmail_id LIMIT 1
) AS first
ORDER BY requested.ordinal LIMIT 100
"""
LAST_KILLMAIL: Final[LiteralString] = """
SELECT killmail_id FROM battle_killmails WHERE battle_id = %(id)s::uuid
ORDER BY occurred_at DESC, killmail_id DESC LIMIT 1
"""
IS_ON_KILLMAIL: Final[LiteralString] = """
SELECT true FROM battle_killmails WHERE battle_id = %(id)s::uuid AND killmail_id = %(killmail_id)s::bigint
    AND (victim_character_id = %(character_id)s::bigint OR %(character_id)s::bigint = ANY(attacker_character_ids))
"""
IS_PARTY: Final[LiteralString] = """
SELECT true FROM battle_side_parties
WHERE battle_id = %(id)s::uuid AND party_type = %(party_type)s::text AND party_id = %(party_id)s::bigint LIMIT 1
"""
# Not a pinned party, since where that one is says nothing about the side.
COMPANION: Final[LiteralString] = """
SELECT jsonb_build_object('partyType', p.party_type, 'partyId', p.party_id) FROM battle_side_parties p
WHERE p.battle_id = %(id)s::uuid AND p.side_id = %(side_id)s::smallint
    AND (p.party_type, p.party_id) <> (%(party_type)s::text, %(party_id)s::bigint)
    AND NOT EXISTS (
        SELECT FROM battle_edits e
        WHERE e.kind = 'pin' AND e.undone_at IS NULL
            AND e.data->>'partyType' = p.party_type AND (e.data->>'partyId')::bigint = p.party_id
            AND e.killmail_ids && ARRAY(SELECT killmail_id FROM battle_killmails WHERE battle_id = %(id)s::uuid)
    )
ORDER BY {party order} LIMIT 1
""".replace("{party order}", PARTY_ORDER)
KILLMAILS_OF_PARTY: Final[LiteralString] = """
SELECT killmail_id FROM battle_killmails
WHERE battle_id = %(id)s::uuid AND CASE %(party_type)s::text
    WHEN 'alliance' THEN victim_alliance_id = %(party_id)s::bigint OR %(party_id)s::bigint = ANY(attacker_alliance_ids)
    WHEN 'corporation' THEN
        victim_corporation_id = %(party_id)s::bigint OR %(party_id)s::bigint = ANY(attacker_corporation_ids)
    WHEN 'character' THEN
        victim_character_id = %(party_id)s::bigint OR %(party_id)s::bigint = ANY(attacker_character_ids)
    ELSE false END
ORDER BY occurred_at, killmail_id LIMIT 500
"""


class NewEdit(NamedTuple):
    """An edit to store; `version` is that of all edits."""

    id: UUID
    battle_id: UUID
    kind: str
    killmail_ids: Sequence[int]
    data: Mapping[str, Any]
    author: str
    author_account_id: UUID | None
    author_character_id: int | None
    note: str | None
    made_at: datetime
    version: int


class Undo(NamedTuple):
    """The undoing of an edit, and the version of all edits that it makes."""

    edit_id: UUID
    author: str
    character_id: int | None
    version: int
    undone_at: datetime


class EditRepository:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def next_version(self) -> int:
        """Increment and return the version of all edits. Locks out other writers until the transaction ends."""
        return await self._connection.scalar(NEXT_VERSION)

    async def find_many(self, edit_ids: Sequence[UUID]) -> list[Edit]:
        """The edits in the order in which they were made."""
        return await self._connection.rows(Edit, EDITS_BY_ID, {"edits": list(edit_ids)})

    async def find(self, edit_id: UUID) -> Edit | None:
        return await self._connection.row(Edit, EDIT_BY_ID, {"edit": edit_id})

    async def find_of_battle(self, battle_id: UUID, edit_id: UUID) -> Edit | None:
        """The edit, if it affects the battle."""
        return await self._connection.row(Edit, EDIT, {"id": battle_id, "edit": edit_id})

    async def page(self, battle_id: UUID, limit: int, offset: int) -> list[Edit]:
        """Edits that affect the battle, newest first."""
        return await self._connection.rows(Edit, PAGE, {"id": battle_id, "limit": limit, "offset": offset})

    async def count(self, battle_id: UUID) -> int:
        return await self._connection.scalar(COUNT, {"id": battle_id})

    async def count_active(self, battle_id: UUID) -> int:
        """The number of edits that affect the battle and are not undone."""
        return await self._connection.scalar(ACTIVE_COUNT, {"id": battle_id})

    async def find_pending(self, battle_id: UUID, since: datetime) -> UUID | None:
        """An edit made after `since` that battle-cluster has not applied yet."""
        return await self._connection.scalar(PENDING_EDIT, {"id": battle_id, "since": since})

    async def revision(self, battle_id: UUID) -> int:
        """The current revision of the battle."""
        return await self._connection.scalar(REVISION, {"id": battle_id})

    async def insert(self, edit: NewEdit) -> None:
        await self._connection.execute(INSERT, {**edit._asdict(), "data": json.dumps(edit.data)})

    async def undo(self, undo: Undo) -> UUID | None:
        """The battle that the edit was made on; None if the edit was undone before."""
        return await self._connection.scalar(UNDO, undo._asdict())

    async def active_on(self, killmail_ids: Sequence[int]) -> list[ActiveEdit]:
        """Edits in force that could conflict with another edit of these killmails."""
        params = {"killmail_ids": list(killmail_ids)}
        return await self._connection.rows(ActiveEdit, ACTIVE_BY_KILLMAILS, params)

    async def members(self, battle_id: UUID, killmail_ids: Sequence[int]) -> set[int]:
        """Those of the killmails that are in the battle."""
        return set(await self._connection.column(MEMBERS, {"id": battle_id, "killmail_ids": list(killmail_ids)}))

    async def stored(self, killmail_ids: Sequence[int]) -> set[int]:
        """Those of the killmails that battle-cluster has stored."""
        return set(await self._connection.column(STORED_KILLMAILS, {"killmail_ids": list(killmail_ids)}))

    async def first_killmails(self, battle_ids: Sequence[UUID]) -> dict[UUID, int]:
        """The first killmail of each battle; for a merged battle that of its survivor."""
        cursor = await self._connection.execute(FIRST_KILLMAILS, {"ids": list(battle_ids)})
        return dict(await cursor.fetchall())

    async def last_killmail(self, battle_id: UUID) -> int:
        return await self._connection.scalar(LAST_KILLMAIL, {"id": battle_id})

    async def is_on_killmail(self, battle_id: UUID, killmail_id: int, character_id: int) -> bool:
        params = {"id": battle_id, "killmail_id": killmail_id, "character_id": character_id}
        return await self._connection.scalar(IS_ON_KILLMAIL, params) is not None

    async def is_party(self, battle_id: UUID, party_type: str, party_id: int) -> bool:
        params = {"id": battle_id, "party_type": party_type, "party_id": party_id}
        return await self._connection.scalar(IS_PARTY, params) is not None

    async def companion(self, battle_id: UUID, pin: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """The party that names the side of a pin, besides the pinned one; None where the side has no other party."""
        params = {
            "id": battle_id,
            "side_id": pin["sideId"],
            "party_type": pin["partyType"],
            "party_id": pin["partyId"],
        }
        return await self._connection.scalar(COMPANION, params)

    async def killmails_of_party(self, battle_id: UUID, party_type: str, party_id: int) -> list[int]:
        params = {"id": battle_id, "party_type": party_type, "party_id": party_id}
        return await self._connection.column(KILLMAILS_OF_PARTY, params)
