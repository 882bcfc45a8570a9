"""Rulesets, of which one is active, and their versions, which a trigger stores."""

import json
from collections.abc import Mapping
from typing import Any, Final, LiteralString, NamedTuple
from uuid import UUID

from battlescope_events.postgres.database import Connection
from ingest_api.schemas.rulesets import LISTS, RulesetFields, RulesetItem, Version

_COLUMNS: Final[LiteralString] = """
SELECT id, name, description, min_pilots, tracked_alliance_ids, tracked_corp_ids, tracked_character_ids,
    tracked_system_ids, tracked_security_types, ignore_unlisted, exclude_npc, is_active, created_at, updated_at,
    updated_by, names
FROM rulesets
"""
RULESETS: Final[LiteralString] = (
    _COLUMNS + "ORDER BY is_active DESC, created_at, id LIMIT %(limit)s::integer OFFSET %(offset)s::integer"
)
COUNT: Final[LiteralString] = "SELECT count(*) FROM rulesets"
RULESET: Final[LiteralString] = _COLUMNS + "WHERE id = %(id)s::uuid"
ACTIVE_RULESET: Final[LiteralString] = _COLUMNS + "WHERE is_active"
RULESET_EXISTS: Final[LiteralString] = "SELECT EXISTS (SELECT FROM rulesets WHERE id = %(id)s::uuid)"
NAME_TAKEN: Final[LiteralString] = """
SELECT EXISTS (SELECT FROM rulesets WHERE lower(name) = lower(%(name)s::text) AND id <> %(id)s::uuid)
"""
# Serializes writers, because each write may change which ruleset is active.
LOCK_RULESETS: Final[LiteralString] = "SELECT pg_advisory_xact_lock(hashtext('rulesets'))"
DEACTIVATE: Final[LiteralString] = """
UPDATE rulesets SET is_active = false, updated_by = %(updated_by)s::text WHERE is_active AND id <> %(id)s::uuid
"""
INSERT: Final[LiteralString] = """
INSERT INTO rulesets (id, name, description, min_pilots, tracked_alliance_ids, tracked_corp_ids, tracked_character_ids,
    tracked_system_ids, tracked_security_types, ignore_unlisted, exclude_npc, is_active, updated_by, names)
VALUES (%(id)s::uuid, %(name)s::text, %(description)s::text, %(min_pilots)s::integer,
    %(tracked_alliance_ids)s::bigint[], %(tracked_corp_ids)s::bigint[], %(tracked_character_ids)s::bigint[],
    %(tracked_system_ids)s::bigint[], %(tracked_security_types)s::text[], %(ignore_unlisted)s::boolean,
    %(exclude_npc)s::boolean, %(is_active)s::boolean, %(updated_by)s::text, %(names)s::jsonb)
"""
UPDATE: Final[LiteralString] = """
UPDATE rulesets SET name = %(name)s::text, description = %(description)s::text, min_pilots = %(min_pilots)s::integer,
    tracked_alliance_ids = %(tracked_alliance_ids)s::bigint[], tracked_corp_ids = %(tracked_corp_ids)s::bigint[],
    tracked_character_ids = %(tracked_character_ids)s::bigint[], tracked_system_ids = %(tracked_system_ids)s::bigint[],
    tracked_security_types = %(tracked_security_types)s::text[], ignore_unlisted = %(ignore_unlisted)s::boolean,
    exclude_npc = %(exclude_npc)s::boolean, is_active = %(is_active)s::boolean, updated_by = %(updated_by)s::text,
    names = %(names)s::jsonb
WHERE id = %(id)s::uuid
"""
DELETE: Final[LiteralString] = "DELETE FROM rulesets WHERE id = %(id)s::uuid"
HISTORY: Final[LiteralString] = """
SELECT version, changed_at FROM ruleset_history WHERE ruleset_id = %(id)s::uuid
ORDER BY changed_at DESC, id DESC LIMIT %(limit)s::integer OFFSET %(offset)s::integer
"""
HISTORY_COUNT: Final[LiteralString] = "SELECT count(*) FROM ruleset_history WHERE ruleset_id = %(id)s::uuid"


class RulesetRow(NamedTuple):
    """A ruleset to store, with the names that ESI gave to its ids."""

    id: UUID
    fields: RulesetFields
    names: Mapping[str, str]
    updated_by: str


class RulesetRepository:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def page(self, limit: int, offset: int) -> list[RulesetItem]:
        """Rulesets, the active one first."""
        return await self._connection.rows(RulesetItem, RULESETS, {"limit": limit, "offset": offset})

    async def count(self) -> int:
        return await self._connection.scalar(COUNT)

    async def exists(self, ruleset_id: UUID) -> bool:
        return await self._connection.scalar(RULESET_EXISTS, {"id": ruleset_id})

    async def is_name_taken(self, name: str, ruleset_id: UUID) -> bool:
        """Whether another ruleset has the name, in capital or small letters."""
        return await self._connection.scalar(NAME_TAKEN, {"name": name, "id": ruleset_id})

    async def find(self, ruleset_id: UUID) -> RulesetItem | None:
        return await self._connection.row(RulesetItem, RULESET, {"id": ruleset_id})

    async def find_active(self) -> RulesetItem | None:
        return await self._connection.row(RulesetItem, ACTIVE_RULESET)

    async def lock(self) -> None:
        """Let nobody else write a ruleset until the transaction ends."""
        await self._connection.execute(LOCK_RULESETS)

    async def insert(self, row: RulesetRow) -> None:
        await self._write(INSERT, row)

    async def update(self, row: RulesetRow) -> None:
        await self._write(UPDATE, row)

    async def _write(self, statement: LiteralString, row: RulesetRow) -> None:
        """Deactivate the active ruleset first, so that two rulesets are never active."""
        if row.fields.is_active:
            await self._connection.execute(DEACTIVATE, {"id": row.id, "updated_by": row.updated_by})
        await self._connection.execute(statement, _params(row))

    async def delete(self, ruleset_id: UUID) -> None:
        await self._connection.execute(DELETE, {"id": ruleset_id})

    async def versions(self, ruleset_id: UUID, limit: int, offset: int) -> list[Version]:
        """Versions, newest first."""
        cursor = await self._connection.execute(HISTORY, {"id": ruleset_id, "limit": limit, "offset": offset})
        rows = await cursor.fetchall()
        return [Version(changed_at=time, ruleset=RulesetItem.model_validate(version)) for version, time in rows]

    async def count_versions(self, ruleset_id: UUID) -> int:
        return await self._connection.scalar(HISTORY_COUNT, {"id": ruleset_id})


def _params(row: RulesetRow) -> dict[str, Any]:
    fields = row.fields.model_dump(by_alias=False)
    lists = {name: list(fields[name]) for name in LISTS}  # psycopg adapts a tuple to a composite, a list to an array
    return {**fields, **lists, "id": row.id, "updated_by": row.updated_by, "names": json.dumps(dict(row.names))}
