"""Partitions an archive into sets of killmails that no link can connect: each is clustered alone and then released.

Invariant (`test_partitioning.py`): clustering any union of whole partitions gives exactly the battles of all killmails
that lie in them. Every link meets one of two conditions. Within a system its killmails are no further apart than the
longest window of `DetectionRules`. Between systems a pilot was in both within `pilot_window`, and there is a gate
route or a wormhole.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from battle_cluster.detection.classification import LossKind, classify_loss, structure_target
from battle_cluster.detection.engagements import can_travel
from battle_cluster.detection.rules import DetectionRules
from battlescope_local.replay.esi_killmail import KillmailSummary

Appearance = tuple[KillmailSummary, "Partition"]
"""A pilot's last killmail in a system, and its partition."""


@dataclass(slots=True)
class Partition:
    """Ids of killmails that links can connect. `open_until` is the last time at which another killmail can join.

    `merged_into` is the partition that holds its killmails now.
    """

    killmail_ids: list[int] = field(default_factory=list[int])
    open_until: int = 0
    merged_into: "Partition | None" = None


class Partitioner:
    """Takes killmails in time order and returns partitions that no later killmail can join."""

    def __init__(self, rules: DetectionRules) -> None:
        self._max_gap = max(rules.max_gap_within_system, rules.simultaneity_window)
        self._siege_window = max(rules.siege_window, self._max_gap)
        self._non_combat_slack = rules.non_combat_slack
        self._pilot_window = rules.pilot_window
        self._open: list[Partition] = []
        self._systems: dict[int, tuple[int, Partition]] = {}
        self._appearances: dict[int, dict[int, Appearance]] = {}

    def add(self, killmail: KillmailSummary) -> None:
        kind = classify_loss(killmail)
        open_until, partition = self._partition_in_system(killmail, kind)
        partition.killmail_ids.append(killmail.killmail_id)
        if kind is not LossKind.NON_COMBAT:
            partition = self._merge_along_pilots(killmail, partition)
            open_until = max(open_until, killmail.time + self._pilot_window)
        partition.open_until = max(partition.open_until, open_until)

    def take_complete(self, now: int | None = None) -> list[list[int]]:
        """The partitions that no killmail from `now` on can join; without `now`, all remaining ones."""
        roots = [partition for partition in self._open if partition.merged_into is None]
        self._open = [] if now is None else [partition for partition in roots if partition.open_until >= now]
        self._forget(now)
        return [partition.killmail_ids for partition in roots if now is None or partition.open_until < now]

    def _partition_in_system(self, killmail: KillmailSummary, kind: LossKind) -> tuple[int, Partition]:
        open_until = killmail.time + self._link_distance(killmail, kind)
        system_until, current = self._systems.get(killmail.system_id, (-1, None))
        if current is None or system_until < killmail.time:
            partition = Partition()
            self._open.append(partition)
        else:
            partition, open_until = _root(current), max(open_until, system_until)
        self._systems[killmail.system_id] = (open_until, partition)
        return open_until, partition

    def _link_distance(self, killmail: KillmailSummary, kind: LossKind) -> int:
        """How many seconds later a killmail of the same system can be linked to this one."""
        if kind is LossKind.NON_COMBAT:
            return self._non_combat_slack
        return self._siege_window if structure_target(killmail) else self._max_gap

    def _merge_along_pilots(self, killmail: KillmailSummary, partition: Partition) -> Partition:
        system, since, appearance = killmail.system_id, killmail.time - self._pilot_window, (killmail, partition)
        for pilot in killmail.pilot_ids:
            by_system = self._appearances.get(pilot)
            if by_system is None:
                self._appearances[pilot] = {system: appearance}
                continue
            for before, other in by_system.values():
                if before.system_id != system and before.time >= since and can_travel(before, killmail):
                    partition = _merge(partition, _root(other))
            by_system[system] = appearance
        return partition

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


def _root(partition: Partition) -> Partition:
    while partition.merged_into is not None:
        partition = partition.merged_into
    return partition


def _merge(a: Partition, b: Partition) -> Partition:
    if a is b:
        return a
    small, large = (a, b) if len(a.killmail_ids) < len(b.killmail_ids) else (b, a)
    large.killmail_ids += small.killmail_ids
    large.open_until = max(large.open_until, small.open_until)
    small.killmail_ids, small.merged_into = [], large
    return large
