"""Indexes what is queued: documents of battles and the counts of what took part, in PostgreSQL.

A step is one transaction. It adds the killmails that are not counted yet to the rows, and marks them, so that an event
that comes twice, or late, or while another process indexes the same battle, ends in the same rows.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Final

from battlescope_events.postgres.database import Connection, Database
from battlescope_events.postgres.pipelines import pipelined_transaction
from battlescope_schemas.battle import BattleCreated
from search_index.domain.battle_document import Participations, battle_document, named_keys, tickers_of, words_of
from search_index.domain.entity_key import NAMED, SYSTEM, EntityKey
from search_index.domain.participation_changes import changes
from search_index.persistence.index_step import NOTHING, IndexStep
from search_index.persistence.queues import Queued, Queues
from search_index.services.counting import count

BATCH: Final = 200
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
        async with self._database.connection() as connection:
            rows = await Queues(connection).oldest_index(BATCH)
        if rows:
            battle_ids = sorted({row.document_id for row in rows if row.document_type == _BATTLE})
            keys = {(row.document_type, int(row.document_id)) for row in rows if row.document_type != _BATTLE}
            async with pipelined_transaction(self._database) as connection:
                await Queues(connection).lock_indexing()
                await index(connection, battle_ids, sorted(keys), done=rows, has_copy=self._has_copy)
        return len(rows)


async def index(
    connection: Connection,
    battle_ids: Sequence[str],
    keys: Sequence[EntityKey] = (),
    *,
    done: Collection[Queued] = (),
    has_copy: bool,
    is_whole: bool = False,
) -> None:
    """Compute everything about these battles, and count again what takes or took part in them, and `keys`.

    done: what was queued for this. has_copy: whether what changed is queued to be copied. is_whole: whether all
    killmails are counted, not only new ones.
    """
    step = IndexStep(connection)
    loaded = await step.load(battle_ids, is_whole=is_whole) if battle_ids else NOTHING
    counted = await count(step, loaded, is_whole=is_whole)
    computed = counted.rows
    payloads = {state.battle_id: payload for state in loaded.states if (payload := state.payload()) is not None}
    shown_keys, system_ids = _shown_keys(payloads, computed), _system_ids(payloads, computed)
    differences = changes(loaded.participations, computed)
    changed, shown = await step.save_participations(differences, keys, shown_keys, system_ids)
    ended = {state.battle_id: state.ended_revision for state in loaded.states}
    documents = [
        battle_document(payload, ended[battle_id], computed[battle_id], shown.names, shown.systems)
        for battle_id, payload in payloads.items()
    ]
    words = [words_of(document, tickers_of(computed[document.id], shown.names)) for document in documents]
    await step.save_documents(
        battle_ids,
        zip(documents, words, strict=True),
        counted.missing,
        newly_counted=counted.newly_counted,
        changed=changed,
        done=done,
        has_copy=has_copy,
    )


def _shown_keys(payloads: Mapping[str, BattleCreated], computed: Mapping[str, Participations]) -> set[EntityKey]:
    keys = {key for battle_id in payloads for key in named_keys(computed[battle_id])}
    tops = (side.top_party for payload in payloads.values() for side in payload.sides)
    return keys | {(top.party_type, top.party_id) for top in tops if top is not None and top.party_type in NAMED}


def _system_ids(payloads: Mapping[str, BattleCreated], computed: Mapping[str, Participations]) -> set[int]:
    system_ids = {payload.system_id for payload in payloads.values()}
    return system_ids | {key[1] for battle_id in payloads for key in computed[battle_id] if key[0] == SYSTEM}
