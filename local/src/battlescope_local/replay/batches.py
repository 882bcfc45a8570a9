"""What goes to a worker at once: whole islands of mails, enough of them to be worth the way."""

from collections.abc import Iterator
from typing import Final, NamedTuple

from battle_cluster.detection.classification import Sketch
from battle_cluster.detection.rules import Rules
from battlescope_local.replay.esi_killmail import Plain, StaticData, sketch
from battlescope_local.replay.hours import Hours, pack
from battlescope_local.replay.partitioning import Islands

SIZE: Final = 1000


class Batch(NamedTuple):
    """`read` are the mails that were passed since the last batch, whether they are in this one or in none."""

    read: int
    packed: bytes


def batches(hours: Hours, rules: Rules, static_data: StaticData) -> Iterator[Batch]:
    """The last one may hold no mails, so that every mail read is told."""
    bench = _Bench(rules)
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


class _Bench:
    """Mails of open islands, and those of closed ones that wait for their batch."""

    def __init__(self, rules: Rules) -> None:
        self._islands = Islands(rules)
        self._least = rules.min_kills
        self._held: dict[int, Plain] = {}
        self.ready: list[Plain] = []
        self.read = 0

    def take(self, plain: Plain, seen: Sketch) -> None:
        self._held[plain.killmail_id] = plain
        self._islands.add(seen)

    def collect(self, now: int | None) -> None:
        """An island smaller than the smallest battle holds none."""
        for island in self._islands.closed(now):
            plains = [self._held.pop(one) for one in island]
            if len(plains) >= self._least:
                self.ready += plains

    def batch(self) -> Batch:
        made = Batch(self.read, pack(self.ready))
        self.ready, self.read = [], 0
        return made
