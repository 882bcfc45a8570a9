"""The entries of the live log that follow from an event."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import islice
from typing import Final

from battlescope_schemas.battle import BattleCreated, BattleDeleted, BattleUpdated
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


def battle_entries(payloads: Iterable[BattleCreated | BattleDeleted]) -> list[LiveEntry]:
    """An entry of each change, with the totals of the battle."""
    return [entry for payload in payloads for entry in _entries(payload)]


def many_battles_entries(battle_ids: Collection[str]) -> list[LiveEntry]:
    """Entries with the ids of many battles."""
    return [
        (LiveKind.BATTLES, LiveBattles(battle_ids=part).model_dump_json(by_alias=True)) for part in _parts(battle_ids)
    ]


def _entries(payload: BattleCreated | BattleDeleted) -> Sequence[LiveEntry]:
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
