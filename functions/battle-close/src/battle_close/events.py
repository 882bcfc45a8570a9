"""The events that say that battles ended: one for a single battle, one for all that end together.

Every event costs the Broker and each consumer several exchanges, and in a large evening thousands of battles end.
"""

from collections.abc import Sequence
from typing import Final

from battle_close.store import ClosedBattle
from battlescope_events.catalog import BATTLE_ENDED, BATTLES_ENDED
from battlescope_events.event_batch import encode_batch
from battlescope_events.messages import Message
from battlescope_schemas.base import carried
from battlescope_schemas.battle import BattleChunk, BattleEnded, ComputedIsk, IskParts

SOURCE: Final = "battle-close"


def end_events(closed: Sequence[ClosedBattle]) -> list[Message]:
    """`battle.ended` for one battle, and as few `battle.many-ended` as carry the ends of several."""
    if len(closed) < 2:  # noqa: PLR2004  # a batch is more than one
        return [_ended(battle) for battle in closed]
    digest, body = encode_batch(_ended(battle) for battle in closed)
    content = carried(body)
    if content is None:
        middle = len(closed) // 2
        return end_events(closed[:middle]) + end_events(closed[middle:])
    key = f"chunks/battles/{digest}.jsonl.gz"
    payload = BattleChunk(chunk_key=key, count=len(closed), content=content)
    return [BATTLES_ENDED.message(payload, source=SOURCE, key=key, time=closed[0].closed_at)]


def _ended(battle: ClosedBattle) -> Message:
    """A reopened battle has a higher revision, so its next end is another event."""
    payload = BattleEnded(
        battle_id=battle.id,
        revision=battle.revision,
        end_time=battle.end_time,
        total_kills=battle.total_kills,
        total_isk_destroyed=battle.total_isk_destroyed,
        participant_count=battle.total_participants,
        computed_isk=ComputedIsk(
            high=battle.isk_computed_high,
            medium=battle.isk_computed_medium,
            low=battle.isk_computed_low,
            kills_without_value=battle.kills_without_value,
        ),
        isk_parts=IskParts.of_columns(
            battle.isk_fitted, battle.isk_dropped, battle.kills_without_parts, battle.kills_with_unpriced
        ),
    )
    return BATTLE_ENDED.message(payload, source=SOURCE, key=f"{battle.id}:{battle.revision}", time=battle.closed_at)
