"""What cannot hold at the same time, as far as it shows at once; the rest battle-cluster weighs."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID


@dataclass(frozen=True, slots=True)
class ActiveEdit:
    """An edit that holds now."""

    id: UUID
    kind: str
    killmail_ids: Sequence[int]
    data: Mapping[str, Any]


def find_conflict(
    kind: str, killmail_ids: Sequence[int], data: Mapping[str, Any], active_edits: Iterable[ActiveEdit]
) -> str:
    """Why the new edit cannot stand beside one that holds, as a sentence; empty when it can."""
    for active_edit in active_edits:
        if kind == "split" and active_edit.kind == "tag" and _spans_groups(active_edit.killmail_ids, data["groups"]):
            return f"The edit {active_edit.id} holds some of these killmails together; undo it first."
        if kind == "tag" and active_edit.kind == "split" and _spans_groups(killmail_ids, active_edit.data["groups"]):
            return f"The edit {active_edit.id} keeps some of these killmails apart; undo it first."
        if (
            kind == "tag"
            and active_edit.kind == "exclude"
            and not set(killmail_ids).isdisjoint(active_edit.killmail_ids)
        ):
            return f"The edit {active_edit.id} excludes one of these killmails; undo it first."
    return ""


def _spans_groups(killmail_ids: Sequence[int], groups: Iterable[Sequence[int]]) -> bool:
    return sum(not set(killmail_ids).isdisjoint(group) for group in groups) > 1
