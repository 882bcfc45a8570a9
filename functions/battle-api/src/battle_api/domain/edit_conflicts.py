"""Conflicts between edits that are visible from the two edits alone; battle-cluster resolves the remaining ones."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID


@dataclass(frozen=True, slots=True)
class ActiveEdit:
    """An edit that is not undone."""

    id: UUID
    kind: str
    killmail_ids: Sequence[int]
    data: Mapping[str, Any]


def find_conflict(
    kind: str, killmail_ids: Sequence[int], data: Mapping[str, Any], active_edits: Iterable[ActiveEdit]
) -> str:
    """Why a new edit conflicts with an active one, as a sentence; empty when it does not."""
    for active in active_edits:
        if kind == "split" and active.kind == "tag" and _spans_groups(active.killmail_ids, data["groups"]):
            return f"The edit {active.id} holds some of these killmails together; undo it first."
        if kind == "tag" and active.kind == "split" and _spans_groups(killmail_ids, active.data["groups"]):
            return f"The edit {active.id} keeps some of these killmails apart; undo it first."
        if kind == "tag" and active.kind == "exclude" and not set(killmail_ids).isdisjoint(active.killmail_ids):
            return f"The edit {active.id} excludes one of these killmails; undo it first."
    return ""


def _spans_groups(killmail_ids: Sequence[int], groups: Iterable[Sequence[int]]) -> bool:
    """Whether the killmails are in more than one of the groups."""
    return sum(not set(killmail_ids).isdisjoint(group) for group in groups) > 1
