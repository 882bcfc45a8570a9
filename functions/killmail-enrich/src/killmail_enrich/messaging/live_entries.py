"""The entries of the live log that follow from an event."""

from collections.abc import Collection, Iterator, Sequence
from itertools import islice
from typing import Final

from battlescope_schemas.battle import BattleChunk, BattleCreated, BattleDeleted, BattleUpdated
from battlescope_schemas.live.log import (
    MAX_BATTLE_IDS,
    BattleChange,
    BattleSummary,
    LiveBattle,
    LiveBattles,
    LiveKillmail,
    LiveKind,
)

LiveEntry = tuple[LiveKind, str]
_REPUBLISHED: Final = "republish"  # nothing changed


def killmail_entry(killmail_id: int) -> LiveEntry:
    return LiveKind.KILLMAIL, LiveKillmail(killmail_id=killmail_id).model_dump_json(by_alias=True)


def battle_entries(
    payload: BattleCreated | BattleDeleted | BattleChunk, battle_ids: Collection[str]
) -> Sequence[LiveEntry]:
    """One entry of a single battle, with its totals; of a batch only the ids of its battles."""
    if isinstance(payload, BattleChunk):
        return [
            (LiveKind.BATTLES, LiveBattles(battle_ids=part).model_dump_json(by_alias=True))
            for part in _parts(battle_ids)
        ]
    if isinstance(payload, BattleDeleted):
        deleted = LiveBattle(
            battle_id=payload.battle_id,
            revision=payload.revision,
            change=BattleChange.DELETED,
            reason=payload.reason,
            merged_into=payload.merged_into,
        )
        return [_entry(deleted)]
    return [] if payload.metadata.update_trigger == _REPUBLISHED else [_entry(_changed(payload))]


def _changed(payload: BattleCreated) -> LiveBattle:
    is_update = isinstance(payload, BattleUpdated)
    return LiveBattle(
        battle_id=payload.battle_id,
        revision=payload.revision,
        change=BattleChange.UPDATED if is_update else BattleChange.CREATED,
        reason=payload.update_reason if is_update else None,
        battle=BattleSummary.model_validate({name: getattr(payload, name) for name in BattleSummary.model_fields}),
    )


def _entry(battle: LiveBattle) -> LiveEntry:
    return LiveKind.BATTLE, battle.model_dump_json(by_alias=True, exclude_none=True)


def _parts(battle_ids: Collection[str]) -> Iterator[tuple[str, ...]]:
    remaining = iter(battle_ids)
    while part := tuple(islice(remaining, MAX_BATTLE_IDS)):
        yield part
