"""Indexes what is queued: documents of battles and the counts of what took part, in PostgreSQL.

A step is one transaction. It computes the rows from the killmails, so that an event that comes twice, or late, or while
another process indexes the same battle, ends in the same rows.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from battlescope_events.postgres.database import Connection, Database
from battlescope_schemas.battle import BattleCreated
from battlescope_schemas.search.documents import BattleDocument
from search_index.domain.battle_document import Participations, battle_document, named_keys, tickers_of, words_of
from search_index.domain.participation import SYSTEM, EntityKey, participations
from search_index.persistence.battle_documents import BattleDocumentRepository, StoredState
from search_index.persistence.entities import EntityRepository
from search_index.persistence.participations import ParticipationRepository
from search_index.persistence.queues import Queues

BATCH: Final = 500
"""Rows of a queue in a step."""
_BATTLE: Final = "battle"


class Indexer:
    def __init__(self, database: Database, *, has_copy: bool) -> None:
        self._database = database
        self._has_copy = has_copy

    async def index_queued(self) -> None:
        """Index until nothing waits. Raises `TransientError`; what is not indexed stays queued."""
        while await self._step() == BATCH:
            pass

    async def queue_incomplete(self) -> None:
        """Queue the battles of which killmails came unseen, see `QUEUE_INCOMPLETE`."""
        async with self._database.connection() as connection:
            await Queues(connection).add_incomplete()

    async def _step(self) -> int:
        async with self._database.transaction() as connection:
            queues = Queues(connection)
            rows = await queues.take_index(BATCH)
            if not rows:
                return 0
            battle_ids = sorted({row.document_id for row in rows if row.document_type == _BATTLE})
            keys = [(row.document_type, int(row.document_id)) for row in rows if row.document_type != _BATTLE]
            changed = await index_battles(connection, battle_ids, keys)
            if self._has_copy:
                await queues.add_engine(changed)
            await queues.delete_index(rows)
        return len(rows)


async def index_battles(
    connection: Connection, battle_ids: Sequence[str], keys: Iterable[EntityKey] = ()
) -> list[tuple[str, str]]:
    """Compute everything about these battles and recount what took part, and `keys`.

    Returns the type and id of each document that changed.
    """
    documents, entities = BattleDocumentRepository(connection), EntityRepository(connection)
    states = await documents.states(battle_ids) if battle_ids else []
    stored = ParticipationRepository(connection)
    killmails = await stored.killmails(battle_ids) if battle_ids else {}
    computed = {battle_id: participations(killmails[battle_id]) for battle_id in battle_ids}
    recounted = await entities.recount([*keys, *(await stored.save(computed) if battle_ids else [])])
    changed = [(entity_type, str(entity_id)) for entity_type, entity_id in recounted]
    if battle_ids:
        payloads = _payloads(states)
        built = await _documents(documents, entities, payloads, states, computed)
        missing = {s.battle_id: s.killmails - len(killmails[s.battle_id]) for s in states}
        changed += [(_BATTLE, battle_id) for battle_id in await documents.save(battle_ids, built, missing)]
    return changed


def _payloads(states: Iterable[StoredState]) -> dict[str, BattleCreated]:
    payloads = ((state.battle_id, state.payload()) for state in states)
    return {battle_id: payload for battle_id, payload in payloads if payload is not None}


async def _documents(
    documents: BattleDocumentRepository,
    entities: EntityRepository,
    payloads: Mapping[str, BattleCreated],
    states: Iterable[StoredState],
    computed: Mapping[str, Participations],
) -> list[tuple[BattleDocument, tuple[str, ...]]]:
    ended = {state.battle_id: state.ended_revision for state in states}
    keys = {key for battle_id in payloads for key in named_keys(computed[battle_id])}
    keys |= {
        (side.top_party.party_type, side.top_party.party_id)
        for payload in payloads.values()
        for side in payload.sides
        if side.top_party
    }
    names = await entities.names(keys)
    system_ids = {payload.system_id for payload in payloads.values()}
    system_ids |= {key[1] for battle_id in payloads for key in computed[battle_id] if key[0] == SYSTEM}
    systems = await documents.systems(sorted(system_ids))
    built: list[tuple[BattleDocument, tuple[str, ...]]] = []
    for battle_id, payload in payloads.items():
        document = battle_document(payload, ended[battle_id], computed[battle_id], names, systems)
        built.append((document, words_of(document, tickers_of(computed[battle_id], names))))
    return built
