"""Keeps which battle each killmail is in, from single words about battles and from chunks of them."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from battlescope_events.catalog import BATTLE_CREATED, BATTLE_DELETED, BATTLE_UPDATED
from battlescope_events.event_batch import decode_batch
from battlescope_events.messages import Event
from battlescope_schemas.battle import BattleChunk, BattleCreated, BattleDeleted
from killmail_enrich.enrichment.battle_membership import BattleMembership, keep_latest_revision, placing
from killmail_enrich.handlers.killmail import translate_errors
from killmail_enrich.handlers.killmail_batch import yielding_to_event_loop
from killmail_enrich.persistence.archive import Archive
from killmail_enrich.persistence.battle_membership import PlacingStore

_WORDS: Final = {kind.name: kind for kind in (BATTLE_CREATED, BATTLE_UPDATED, BATTLE_DELETED)}


@dataclass(frozen=True, slots=True)
class MembershipHandler:
    store: PlacingStore
    archive: Archive

    async def hear(self, event: Event[BattleCreated | BattleDeleted | BattleChunk]) -> None:
        async with translate_errors():
            if isinstance(event.data, BattleChunk):
                await self.store.place(await self._newest(event.data))
            else:
                await self.store.place([placing(event.data)])

    async def _newest(self, chunk: BattleChunk) -> Collection[BattleMembership]:
        """One placing a battle, however many of its revisions the chunk has."""
        found: dict[str, BattleMembership] = {}
        async for word in yielding_to_event_loop(decode_batch(await self.archive.chunk(chunk.chunk_key), _WORDS)):
            keep_latest_revision(found, placing(word.data))
        return found.values()
