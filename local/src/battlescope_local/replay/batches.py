"""Batches for the workers: complete partitions of killmails, enough of them to be worth the transfer."""

from collections.abc import Iterator
from typing import Final, NamedTuple

from battle_cluster.detection.rules import DetectionRules
from battlescope_local.replay.esi_killmail import KillmailSummary, ParsedKillmail, StaticData, summarize
from battlescope_local.replay.hourly_buckets import HourlyBuckets, pack
from battlescope_local.replay.partitioning import Partitioner

MIN_BATCH_SIZE: Final = 1000


class Batch(NamedTuple):
    """Packed killmails; `read` is the number of killmails read since the last batch, also those in no batch."""

    read: int
    packed_killmails: bytes


def build_batches(buckets: HourlyBuckets, rules: DetectionRules, static_data: StaticData) -> Iterator[Batch]:
    """Yield batches of at least MIN_BATCH_SIZE killmails; the last one can be empty, so that `read` counts all."""
    builder = _BatchBuilder(rules)
    for killmails in buckets.drain():
        builder.read += len(killmails)
        for killmail in killmails:
            builder.add(killmail, summarize(killmail, static_data))
        if killmails:
            builder.collect_complete(killmails[-1].time)
        if len(builder.complete) >= MIN_BATCH_SIZE:
            yield builder.take_batch()
    builder.collect_complete(None)
    yield builder.take_batch()


class _BatchBuilder:
    """Holds killmails of open partitions, and those of complete partitions for the next batch."""

    def __init__(self, rules: DetectionRules) -> None:
        self._partitioner = Partitioner(rules)
        self._min_kills = rules.min_kills
        self._open_killmails: dict[int, ParsedKillmail] = {}
        self.complete: list[ParsedKillmail] = []
        self.read = 0

    def add(self, killmail: ParsedKillmail, summary: KillmailSummary) -> None:
        self._open_killmails[killmail.killmail_id] = killmail
        self._partitioner.add(summary)

    def collect_complete(self, now: int | None) -> None:
        """Add the killmails of complete partitions; one smaller than the smallest battle contains no battle."""
        for partition in self._partitioner.take_complete(now):
            killmails = [self._open_killmails.pop(killmail_id) for killmail_id in partition]
            if len(killmails) >= self._min_kills:
                self.complete += killmails

    def take_batch(self) -> Batch:
        batch = Batch(self.read, pack(self.complete))
        self.complete, self.read = [], 0
        return batch
