"""One step of indexing, in the caller's transaction: what it reads and writes.

Statements that do not need each other's results are sent together, where the transaction is a pipeline.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from psycopg import AsyncCursor

from battlescope_events.postgres.database import Connection
from battlescope_schemas.search.documents import BattleDocument
from search_index.domain.battle_document import Named, Names
from search_index.domain.entity_key import EntityKey
from search_index.domain.killmail import SolarSystem
from search_index.domain.participation_changes import ParticipationChanges, Participations
from search_index.persistence import battle_documents, entities, participations
from search_index.persistence.battle_documents import StoredState
from search_index.persistence.participations import Members, members_by_battle
from search_index.persistence.queues import Queued
from search_index.persistence.rows import array


@dataclass(frozen=True, slots=True)
class Loaded:
    """Locked battles, their killmails that have come, those that are not counted yet or all, and what was counted."""

    states: Sequence[StoredState]
    members: Mapping[str, Members]
    participations: Participations


NOTHING: Final = Loaded((), {}, {})


@dataclass(frozen=True, slots=True)
class Shown:
    """Names and systems that documents show; without those that nobody knows yet."""

    names: Names
    systems: Mapping[int, SolarSystem]


class IndexStep:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def load(self, battle_ids: Sequence[str], *, is_whole: bool) -> Loaded:
        """Lock battles until the transaction ends, and load what their rows are computed from."""
        params = {"battle_ids": array(battle_ids)}
        states = await self._connection.execute(battle_documents.SELECT_STATES, params)
        members = await self._select_members(battle_ids, is_whole=is_whole)
        stored = await self._connection.execute(participations.SELECT_PARTICIPATIONS, params)
        return Loaded(
            [StoredState(*row) for row in await states.fetchall()],
            await members_by_battle(battle_ids, members),
            await participations.stored_participations(stored),
        )

    async def load_all_members(self, battle_ids: Sequence[str]) -> dict[str, Members]:
        return await members_by_battle(battle_ids, await self._select_members(battle_ids, is_whole=True))

    async def _select_members(self, battle_ids: Sequence[str], *, is_whole: bool) -> AsyncCursor[tuple[Any, ...]]:
        params = {"battle_ids": array(battle_ids), "is_whole": is_whole}
        return await self._connection.execute(participations.SELECT_MEMBERS, params)

    async def save_participations(
        self,
        changes: ParticipationChanges,
        keys: Collection[EntityKey],
        shown_keys: Collection[EntityKey] = (),
        system_ids: Collection[int] = (),
    ) -> tuple[list[tuple[str, str]], Shown]:
        """Write what changed, and count again what that concerns and `keys`.

        Returns the type and id of each entity that changed, and what is shown of `shown_keys` and `system_ids`.
        """
        execute = self._connection.execute
        if changes.saved:
            await execute(participations.SAVE_PARTICIPATIONS, participations.saved_params(changes))
        if changes.removed:
            await execute(participations.DELETE_PARTICIPATIONS, participations.removed_params(changes))
        concerned = entities.count_params(changes.recounted.union(keys), changes.increments)
        recounted = await execute(entities.RECOUNT, concerned)
        named = await execute(entities.SELECT_NAMES, entities.key_params(shown_keys))
        located = await execute(battle_documents.SELECT_SYSTEMS, {"system_ids": array(sorted(system_ids))})
        changed = [(entity_type, str(entity_id)) for entity_type, entity_id in await recounted.fetchall()]
        names = {(entity_type, entity_id): Named(*name) for entity_type, entity_id, *name in await named.fetchall()}
        systems = {row[0]: SolarSystem(*row) for row in await located.fetchall()}
        return changed, Shown(names, systems)

    async def save_documents(
        self,
        battle_ids: Sequence[str],
        documents: Iterable[tuple[BattleDocument, tuple[str, ...]]],
        missing_killmails: Mapping[str, int],
        *,
        newly_counted: Collection[tuple[str, int]],
        changed: Sequence[tuple[str, str]],
        done: Collection[Queued],
        has_copy: bool,
    ) -> None:
        """Write documents; those of other battles among `battle_ids` are removed.

        newly_counted: battle and killmail of those that the saved participations count for the first time.
        changed: entities that changed before, as type and id; their copies are written too, if there are copies.
        done: what was queued for this.
        """
        params = battle_documents.params_of(battle_ids, documents, missing_killmails) | {
            "changed_types": array(document_type for document_type, _ in changed),
            "changed_ids": array(document_id for _, document_id in changed),
            "counted_battle_ids": array(battle_id for battle_id, _ in newly_counted),
            "counted_killmail_ids": array(killmail_id for _, killmail_id in newly_counted),
            "queue_ids": array(row.id for row in done),
            "has_copy": has_copy,
        }
        await self._connection.execute(battle_documents.SAVE_DOCUMENTS, params)
