"""Manual edits as battle-api stores them. An edit refers to killmail ids, so it still applies after battles change."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from typing import Any, NamedTuple

from battle_cluster.domain.killmail import Party, PartyKind
from battle_cluster.edits.constraints import Constraints


class EditKind(StrEnum):
    """The values are those of the HTTP API and of the column `battle_edits.kind`."""

    MERGE = "tag"
    SPLIT = "split"
    EXCLUDE = "exclude"
    REMOVE_PILOT = "scrub"
    PIN = "pin"
    RENAME = "rename"


@dataclass(frozen=True, slots=True)
class Edit:
    """One manual edit. `seq` orders edits: of two that contradict each other the later one applies.

    data: split {"groups"}, scrub {"characterId"}, pin {"partyType", "partyId", "sideId", "beside"}, rename {"name"}.
    """

    seq: int
    kind: EditKind
    killmail_ids: tuple[int, ...]
    data: Mapping[str, Any]


class ActiveEdits:
    """Index of the edits in force by killmail id.

    The process cache compares `version` with the configuration row to detect that newer edits exist.
    """

    def __init__(self, version: int = 0, edits: Iterable[Edit] = ()) -> None:
        self.version = version
        self._by_killmail: dict[int, list[Edit]] = {}
        for edit in sorted(edits, key=lambda edit: edit.seq):
            for killmail_id in edit.killmail_ids:
                self._by_killmail.setdefault(killmail_id, []).append(edit)

    @property
    def is_empty(self) -> bool:
        return not self._by_killmail

    def affecting(self, killmail_ids: Collection[int]) -> tuple[Edit, ...]:
        """Edits that refer to at least one of the killmails, oldest first."""
        edits = self._by_killmail
        smaller, larger = (edits, killmail_ids) if len(edits) < len(killmail_ids) else (killmail_ids, edits)
        by_seq = {edit.seq: edit for killmail_id in smaller if killmail_id in larger for edit in edits[killmail_id]}
        return tuple(by_seq[seq] for seq in sorted(by_seq))

    def constraints(self, killmail_ids: Collection[int]) -> Constraints:
        """Constraints for clustering the killmails."""
        return constraints_of(self.affecting(killmail_ids))


def constraints_of(edits: Iterable[Edit]) -> Constraints:
    by_kind: dict[EditKind, list[Edit]] = {}
    for edit in edits:
        by_kind.setdefault(edit.kind, []).append(edit)
    return Constraints(
        must_link=frozenset(pair for edit in by_kind.get(EditKind.MERGE, ()) for pair in pairwise(edit.killmail_ids)),
        cannot_link=tuple(_split_groups(edit) for edit in by_kind.get(EditKind.SPLIT, ())),
        excluded=frozenset(
            killmail_id for edit in by_kind.get(EditKind.EXCLUDE, ()) for killmail_id in edit.killmail_ids
        ),
        removed_pilots=frozenset(
            pair for edit in by_kind.get(EditKind.REMOVE_PILOT, ()) for pair in _removed_pilots(edit)
        ),
    )


def _split_groups(edit: Edit) -> tuple[frozenset[int], ...]:
    return tuple(frozenset(map(int, group)) for group in edit.data["groups"])


def _removed_pilots(edit: Edit) -> Iterator[tuple[int, int]]:
    return ((killmail_id, int(edit.data["characterId"])) for killmail_id in edit.killmail_ids)


class SidePins(NamedTuple):
    """Pins of parties to sides by people: the number of the side, and the party beside which each was put."""

    side_of: Mapping[Party, int]
    companion_of: Mapping[Party, Party]


def side_pins(edits: Iterable[Edit]) -> SidePins:
    """The pins of these edits; of two pins of a party the later one holds."""
    pins = {_party(edit.data): edit.data for edit in edits if edit.kind is EditKind.PIN}
    return SidePins(
        {party: int(pin["sideId"]) for party, pin in pins.items()},
        {party: _party(pin["beside"]) for party, pin in pins.items() if pin.get("beside")},
    )


def _party(data: Mapping[str, Any]) -> Party:
    return Party(PartyKind(data["partyType"]), int(data["partyId"]))


def battle_name(edits: Iterable[Edit]) -> str | None:
    """The name of the last rename edit; a rename without a name removes the name."""
    names: list[str | None] = [edit.data.get("name") for edit in edits if edit.kind is EditKind.RENAME]
    return names[-1] if names else None
