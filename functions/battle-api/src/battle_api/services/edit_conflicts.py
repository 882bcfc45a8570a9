"""What cannot hold at the same time, as far as it shows at once; the rest battle-cluster weighs."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID


@dataclass(frozen=True, slots=True)
class InForce:
    """An edit that holds now."""

    id: UUID
    kind: str
    killmail_ids: Sequence[int]
    data: Mapping[str, Any]


def contradiction(kind: str, killmail_ids: Sequence[int], data: Mapping[str, Any], live: Iterable[InForce]) -> str:
    """Why the new edit cannot stand beside one that holds, as a sentence; empty when it can."""
    for other in live:
        if kind == "split" and other.kind == "tag" and _parted(other.killmail_ids, data["groups"]):
            return f"The edit {other.id} holds some of these killmails together; undo it first."
        if kind == "tag" and other.kind == "split" and _parted(killmail_ids, other.data["groups"]):
            return f"The edit {other.id} keeps some of these killmails apart; undo it first."
        if kind == "tag" and other.kind == "exclude" and not set(killmail_ids).isdisjoint(other.killmail_ids):
            return f"The edit {other.id} excludes one of these killmails; undo it first."
    return ""


def _parted(held: Sequence[int], groups: Iterable[Sequence[int]]) -> bool:
    return sum(not set(held).isdisjoint(group) for group in groups) > 1
