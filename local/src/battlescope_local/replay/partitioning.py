"""Partitions an archive into sets of killmails that no link can connect: each is clustered alone and then released.

Invariant (`test_partitioning.py`): clustering any union of whole partitions gives exactly the battles of all killmails
that lie in them. `detection/reach.py` says how far a link can reach within a system; between systems a pilot was in
both within `DetectionRules.pilot_window`, and `can_travel`.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from battle_cluster.detection.classification import LossKind, classify_loss
from battle_cluster.detection.reach import Reach, can_travel
from battle_cluster.detection.rules import DetectionRules
from battle_cluster.detection.union_find import DisjointSets
from battlescope_local.replay.esi_killmail import KillmailSummary

Appearance = tuple[KillmailSummary, int]
"""A pilot's last killmail in a system, and the number of its partition."""


@dataclass(slots=True)
class Partition:
    """Ids of killmails that links can connect. `open_until` is the last time at which another killmail can join.

    numbers: its own, and those of the partitions that were merged into it.
    """

    numbers: list[int]
    killmail_ids: list[int] = field(default_factory=list[int])
    open_until: int = 0


class OpenSets(DisjointSets):
    """Disjoint sets that grow, and shrink again: an archive has millions of partitions, few of them open."""

    def __init__(self) -> None:
        super().__init__(0)
        self._parent = {}

    def add(self, index: int) -> None:
        self._parent[index] = index

    def remove(self, indexes: Iterable[int]) -> None:
        """Forget complete sets."""
        for index in indexes:
            del self._parent[index]


class Partitioner:
    """Takes killmails in time order and returns partitions that no later killmail can join."""

    def __init__(self, rules: DetectionRules) -> None:
        self._reach = Reach(rules)
        self._pilot_window = rules.pilot_window
        self._sets = OpenSets()
        self._next_number = 0
        self._open: dict[int, Partition] = {}
        self._systems: dict[int, tuple[int, int]] = {}
        self._appearances: dict[int, dict[int, Appearance]] = {}

    def add(self, killmail: KillmailSummary) -> None:
        kind = classify_loss(killmail)
        open_until, number = self._partition_in_system(killmail, kind)
        self._open[number].killmail_ids.append(killmail.killmail_id)
        if kind is not LossKind.NON_COMBAT:
            number = self._merge_along_pilots(killmail, number)
            open_until = max(open_until, killmail.time + self._pilot_window)
        partition = self._open[number]
        partition.open_until = max(partition.open_until, open_until)

    def take_complete(self, now: int | None = None) -> list[list[int]]:
        """The partitions that no killmail from `now` on can join; without `now`, all remaining ones."""
        complete = [number for number, partition in self._open.items() if now is None or partition.open_until < now]
        partitions = [self._open.pop(number) for number in complete]
        for partition in partitions:
            self._sets.remove(partition.numbers)
        self._forget(now)
        return [partition.killmail_ids for partition in partitions]

    def _partition_in_system(self, killmail: KillmailSummary, kind: LossKind) -> tuple[int, int]:
        open_until = killmail.time + self._reach.within_system(killmail, kind)
        system_until, number = self._systems.get(killmail.system_id, (-1, -1))
        if system_until < killmail.time:
            number = self._new_partition()
        else:
            number, open_until = self._sets.find(number), max(open_until, system_until)
        self._systems[killmail.system_id] = (open_until, number)
        return open_until, number

    def _new_partition(self) -> int:
        number = self._next_number
        self._next_number += 1
        self._sets.add(number)
        self._open[number] = Partition([number])
        return number

    def _merge_along_pilots(self, killmail: KillmailSummary, number: int) -> int:
        system, since, appearance = killmail.system_id, killmail.time - self._pilot_window, (killmail, number)
        for pilot in killmail.pilot_ids:
            by_system = self._appearances.get(pilot)
            if by_system is None:
                self._appearances[pilot] = {system: appearance}
                continue
            for before, other in by_system.values():
                if before.system_id != system and before.time >= since and can_travel(before, killmail):
                    number = self._merge(number, self._sets.find(other))
            by_system[system] = appearance
        return number

    def _merge(self, a: int, b: int) -> int:
        if not self._sets.union(a, b):
            return a
        root = self._sets.find(a)
        small, large = sorted((self._open.pop(a), self._open.pop(b)), key=lambda part: len(part.killmail_ids))
        large.killmail_ids += small.killmail_ids
        large.numbers += small.numbers
        large.open_until = max(large.open_until, small.open_until)
        self._open[root] = large
        return root

    def _forget(self, now: int | None) -> None:
        if now is None:
            self._systems, self._appearances = {}, {}
            return
        self._systems = {system: entry for system, entry in self._systems.items() if entry[0] >= now}
        since = now - self._pilot_window
        recent = ((pilot, _since(by_system.values(), since)) for pilot, by_system in self._appearances.items())
        self._appearances = {pilot: by_system for pilot, by_system in recent if by_system}


def _since(appearances: Iterable[Appearance], since: int) -> dict[int, Appearance]:
    return {appearance[0].system_id: appearance for appearance in appearances if appearance[0].time >= since}
