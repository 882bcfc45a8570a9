"""One step of indexing, in the caller's transaction: what it reads and writes, in three round trips.

Statements that do not need each other's results are sent together: a step for one killmail is mostly waiting.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from psycopg.rows import class_row

from battlescope_events.postgres.database import Connection
from battlescope_schemas.search.documents import BattleDocument
from search_index.domain.battle_document import Names
from search_index.domain.killmail import Killmail, SolarSystem
from search_index.domain.participation import EntityKey, Participation
from search_index.persistence import battle_documents, entities, participations
from search_index.persistence.battle_documents import StoredState


@dataclass(frozen=True, slots=True)
class Shown:
    """Names and systems that documents show; without those that nobody knows yet."""

    names: Names
    systems: Mapping[int, SolarSystem]


class IndexStep:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def load(self, battle_ids: Sequence[str]) -> tuple[list[StoredState], dict[str, list[Killmail]]]:
        """Lock battles until the transaction ends; returns them, and the stored killmails of each."""
        params = {"battle_ids": list(battle_ids)}
        async with self._connection.pipeline():
            states = self._connection.cursor(row_factory=class_row(StoredState))
            await states.execute(battle_documents.SELECT_STATES, params)
            members = self._connection.cursor(row_factory=class_row(participations.MemberRow))
            await members.execute(participations.SELECT_MEMBERS, params)
            return await states.fetchall(), participations.by_battle(battle_ids, await members.fetchall())

    async def save_participations(
        self,
        computed: Mapping[str, Mapping[EntityKey, Participation]],
        shown_keys: Collection[EntityKey],
        system_ids: Collection[int],
    ) -> tuple[list[EntityKey], Shown]:
        """Replace the participations of battles; returns the entities to be counted again, and what is shown."""
        async with self._connection.pipeline():
            params = participations.params_of(computed)
            saved = await self._connection.execute(participations.SAVE_PARTICIPATIONS, params)
            named = self._connection.cursor(row_factory=class_row(entities.NameRow))
            await named.execute(entities.SELECT_NAMES, entities.key_params(shown_keys))
            located = await self._connection.execute(
                battle_documents.SELECT_SYSTEMS, {"system_ids": sorted(system_ids)}
            )
            keys = [(entity_type, entity_id) for entity_type, entity_id in await saved.fetchall()]
            names = {(row.entity_type, row.entity_id): row.named() for row in await named.fetchall()}
            systems = {row[0]: SolarSystem(*row) for row in await located.fetchall()}
        return keys, Shown(names, systems)

    async def save(
        self,
        keys: Collection[EntityKey],
        battle_ids: Sequence[str],
        documents: Sequence[tuple[BattleDocument, tuple[str, ...]]],
        missing_killmails: Mapping[str, int],
    ) -> list[tuple[str, str]]:
        """Count entities again and write documents; those of other battles among `battle_ids` are removed.

        Returns the type and id of each document that changed.
        """
        async with self._connection.pipeline():
            recounted = await self._connection.execute(entities.RECOUNT, entities.key_params(sorted(set(keys))))
            params = battle_documents.params_of(battle_ids, documents, missing_killmails)
            written = await self._connection.execute(battle_documents.SAVE_DOCUMENTS, params)
            changed = [(entity_type, str(entity_id)) for entity_type, entity_id in await recounted.fetchall()]
            return [*changed, *(("battle", battle_id) for (battle_id,) in await written.fetchall())]
