"""What goes to a worker at once: whole islands of mails, enough of them to be worth the way."""

from collections.abc import Iterator
from typing import Final, NamedTuple

from battle_cluster.detection.classification import KillmailSummary
from battle_cluster.detection.rules import DetectionRules
from battlescope_local.replay.esi_killmail import Plain, StaticData, sketch
from battlescope_local.replay.hourly_buckets import HourlyBuckets, pack
from battlescope_local.replay.partitioning import Partitioner

SIZE: Final = 1000


class Batch(NamedTuple):
    """`read` are the mails that were passed since the last batch, whether they are in this one or in none."""

    read: int
    packed: bytes


def batches(hours: HourlyBuckets, rules: DetectionRules, static_data: StaticData) -> Iterator[Batch]:
    """The last one may hold no mails, so that every mail read is told."""
    bench = _BatchBuilder(rules)
    for mails in hours.emptied():
        bench.read += len(mails)
        for mail in mails:
            bench.take(mail, sketch(mail, static_data))
        if mails:
            bench.collect(mails[-1].time)
        if len(bench.ready) >= SIZE:
            yield bench.batch()
    bench.collect(None)
    yield bench.batch()


class _BatchBuilder:
    """Mails of open islands, and those of closed ones that wait for their batch."""

    def __init__(self, rules: DetectionRules) -> None:
        self._islands = Partitioner(rules)
        self._least = rules.min_kills
        self._held: dict[int, Plain] = {}
        self.ready: list[Plain] = []
        self.read = 0

    def take(self, plain: Plain, seen: KillmailSummary) -> None:
        self._held[plain.killmail_id] = plain
        self._islands.add(seen)

    def collect(self, now: int | None) -> None:
        """An island smaller than the smallest battle holds none."""
        for island in self._islands.take_complete(now):
            plains = [self._held.pop(one) for one in island]
            if len(plains) >= self._least:
                self.ready += plains

    def batch(self) -> Batch:
        made = Batch(self.read, pack(self.ready))
        self.ready, self.read = [], 0
        return made
