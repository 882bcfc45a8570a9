"""The output: a JSON object a line for programs, a table as CSV for people."""

import csv
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from battle_cluster.reconciliation.battle_identity import new_id
from battlescope_local.errors import UserError
from battlescope_local.replay.group_batch import Battle, iso

COLUMNS = ("battleId", "tier", "startTime", "endTime", "minutes", "systems", "kills", "pilots", "isk",
           "mailsWithoutIsk", "sides", "unassigned")  # fmt: skip


class Named(NamedTuple):
    battle_id: str
    battle: Battle


def named(battles: Iterable[Battle]) -> list[Named]:
    """Each with the id a live system would give it first, in order of start and id."""
    taken: set[str] = set()
    found: list[Named] = []
    for battle in sorted(battles, key=lambda one: (one.start, one.first_id)):
        battle_id = new_id(battle.system_id, battle.first_id)
        if battle_id in taken:
            battle_id = new_id(battle.system_id, battle.first_id, frozenset(taken))
        taken.add(battle_id)
        found.append(Named(battle_id, battle))
    return sorted(found, key=lambda one: (one.battle.start, one.battle_id))


def check(out: Path, files: Sequence[Path]) -> None:
    """Before any work is done.

    Raises:
        Problem: nothing can be written there, or it would overwrite what is read.
    """
    if out.resolve() in {file.resolve() for file in files}:
        raise UserError(f"{out} is one of the files to read; the battles need another.")
    if out.is_dir() or not out.absolute().parent.is_dir():
        raise UserError(f"{out} cannot be written: it is a folder, or its folder does not exist.")


def write_lines(out: Path, battles: Iterable[Named]) -> None:
    with out.open("wb") as file:
        for battle_id, battle in battles:
            file.write(b'{"battleId":"%s",%s\n' % (battle_id.encode(), battle.line.removeprefix(b"{")))


def write_table(out: Path, battles: Iterable[Named], names: Mapping[int, str]) -> None:
    with out.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(COLUMNS)
        table.writerows(_row(one, names) for one in battles)


def _row(one: Named, names: Mapping[int, str]) -> tuple[object, ...]:
    battle = one.battle
    return (
        one.battle_id,
        battle.tier,
        iso(battle.start),
        iso(battle.end),
        round((battle.end - battle.start) / 60, 1),
        "; ".join(names.get(system, str(system)) for system in battle.system_ids),
        battle.kills,
        battle.pilots,
        "" if battle.isk is None else f"{battle.isk:.2f}",
        battle.unpriced,
        "; ".join(battle.sides),
        battle.unassigned,
    )
