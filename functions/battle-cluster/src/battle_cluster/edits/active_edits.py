"""What people decided, as it is kept: each edit speaks of killmails, and so finds its battle whatever became of it."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from typing import Any

from battle_cluster.domain.killmail import Party, PartyKind
from battle_cluster.edits.constraints import Constraints


class EditKind(StrEnum):
    TAG = "tag"
    SPLIT = "split"
    EXCLUDE = "exclude"
    SCRUB = "scrub"
    PIN = "pin"
    RENAME = "rename"


@dataclass(frozen=True, slots=True)
class Edit:
    """One decision. `seq` orders them: where two contradict, the later one counts.

    data: split {"groups"}, scrub {"characterId"}, pin {"partyType", "partyId", "sideId"}, rename {"name"}.
    """

    seq: int
    kind: EditKind
    killmail_ids: tuple[int, ...]
    data: Mapping[str, Any]


class ActiveEdits:
    """The edits in force, found by the killmails they speak of. `version` tells whether it is the newest."""

    def __init__(self, version: int = 0, edits: Iterable[Edit] = ()) -> None:
        self.version = version
        self._of_mail: dict[int, list[Edit]] = {}
        for edit in sorted(edits, key=lambda edit: edit.seq):
            for killmail_id in edit.killmail_ids:
                self._of_mail.setdefault(killmail_id, []).append(edit)

    def affecting(self, killmail_ids: Collection[int]) -> tuple[Edit, ...]:
        """Those that speak of at least one of these mails, oldest first."""
        known = self._of_mail
        few, many = (known, killmail_ids) if len(known) < len(killmail_ids) else (killmail_ids, known)
        found = {edit.seq: edit for one in few if one in many for edit in known[one]}
        return tuple(found[seq] for seq in sorted(found))

    def constraints(self, killmail_ids: Collection[int]) -> Constraints:
        """What of them must hold while these mails are grouped."""
        return constraints_of(self.affecting(killmail_ids))


def constraints_of(edits: Iterable[Edit]) -> Constraints:
    by_kind: dict[EditKind, list[Edit]] = {}
    for edit in edits:
        by_kind.setdefault(edit.kind, []).append(edit)
    return Constraints(
        must_link=frozenset(pair for edit in by_kind.get(EditKind.TAG, ()) for pair in pairwise(edit.killmail_ids)),
        cannot_link=tuple(_groups(edit) for edit in by_kind.get(EditKind.SPLIT, ())),
        excluded=frozenset(one for edit in by_kind.get(EditKind.EXCLUDE, ()) for one in edit.killmail_ids),
        removed_pilots=frozenset(pair for edit in by_kind.get(EditKind.SCRUB, ()) for pair in _scrubbed(edit)),
    )


def _groups(edit: Edit) -> tuple[frozenset[int], ...]:
    return tuple(frozenset(map(int, group)) for group in edit.data["groups"])


def _scrubbed(edit: Edit) -> Iterator[tuple[int, int]]:
    return ((one, int(edit.data["characterId"])) for one in edit.killmail_ids)


def pins(edits: Iterable[Edit]) -> dict[Party, int]:
    """Side numbers people gave to parties."""
    found = (edit.data for edit in edits if edit.kind is EditKind.PIN)
    return {Party(PartyKind(data["partyType"]), int(data["partyId"])): int(data["sideId"]) for data in found}


def name(edits: Iterable[Edit]) -> str | None:
    """What people call the battle; naming it nothing takes the name away."""
    names: list[str | None] = [edit.data.get("name") for edit in edits if edit.kind is EditKind.RENAME]
    return names[-1] if names else None
