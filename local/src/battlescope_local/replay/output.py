"""Writes battles: as JSON Lines for programs, as CSV for spreadsheets."""

import csv
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from battle_cluster.reconciliation.battle_identity import new_battle_id
from battlescope_local.errors import UserError
from battlescope_local.replay.group_batch import BattleRecord, iso_time

COLUMNS = ("battleId", "tier", "startTime", "endTime", "minutes", "systems", "kills", "pilots", "isk",
           "mailsWithoutIsk", "sides", "unassigned")  # fmt: skip


class IdentifiedBattle(NamedTuple):
    battle_id: str
    battle: BattleRecord


def assign_ids(battles: Iterable[BattleRecord]) -> list[IdentifiedBattle]:
    """Each battle with the id that a live system would assign first, in order of start and id."""
    used_ids: set[str] = set()
    identified: list[IdentifiedBattle] = []
    for battle in sorted(battles, key=lambda record: (record.start, record.first_id)):
        battle_id = new_battle_id(battle.system_id, battle.first_id)
        if battle_id in used_ids:
            battle_id = new_battle_id(battle.system_id, battle.first_id, frozenset(used_ids))
        used_ids.add(battle_id)
        identified.append(IdentifiedBattle(battle_id, battle))
    return sorted(identified, key=lambda entry: (entry.battle.start, entry.battle_id))


def check_output_path(out: Path, files: Sequence[Path]) -> None:
    """Check the output path before any work.

    Raises:
        UserError: the path cannot be written, is one of the input files, or is `-`.
    """
    if str(out) == "-":
        raise UserError("`-` is no output file, and replay writes no battles to the terminal; name a file.")
    if out.resolve() in {file.resolve() for file in files}:
        raise UserError(f"{out} is one of the files to read; choose another output file.")
    if out.is_dir() or not out.absolute().parent.is_dir():
        raise UserError(f"{out} cannot be written: it is a folder, or its folder does not exist.")


def write_jsonl(out: Path, battles: Iterable[IdentifiedBattle]) -> None:
    with out.open("wb") as file:
        for battle_id, battle in battles:
            file.write(b'{"battleId":"%s",%s\n' % (battle_id.encode(), battle.line.removeprefix(b"{")))


def write_csv(out: Path, battles: Iterable[IdentifiedBattle], names: Mapping[int, str]) -> None:
    with out.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(COLUMNS)
        table.writerows(_row(identified, names) for identified in battles)


def _row(identified: IdentifiedBattle, names: Mapping[int, str]) -> tuple[object, ...]:
    battle = identified.battle
    return (
        identified.battle_id,
        battle.tier,
        iso_time(battle.start),
        iso_time(battle.end),
        round((battle.end - battle.start) / 60, 1),
        "; ".join(names.get(system, str(system)) for system in battle.system_ids),
        battle.kills,
        battle.pilots,
        "" if battle.isk is None else f"{battle.isk:.2f}",
        battle.unpriced,
        "; ".join(battle.sides),
        battle.unassigned,
    )
