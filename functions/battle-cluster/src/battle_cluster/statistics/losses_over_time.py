"""What each side lost over the time of a battle, in few enough numbers for a row of a list."""

from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from battlescope_schemas.battle import LossesOverTime, SideLosses

BUCKETS: Final = 24

_Sums = dict[int | None, dict[int, int]]
"""Cents by side and bucket."""


class BucketLoss(NamedTuple):
    """What a side lost in one bucket, or a part of that."""

    side_id: int | None
    bucket: int
    cents: int


class TimedLoss(NamedTuple):
    """What a side lost at one time."""

    side_id: int | None
    time: int
    cents: int


def bucket_seconds(duration_seconds: int) -> int:
    """The last second of a battle belongs to its last bucket."""
    return -(-(duration_seconds + 1) // BUCKETS)


def losses_over_time(losses: Iterable[BucketLoss], duration_seconds: int) -> LossesOverTime:
    """Sides in order, those of no side last."""
    sums: _Sums = {}
    for side_id, bucket, cents in losses:
        of_side = sums.setdefault(side_id, {})
        of_side[bucket] = of_side.get(bucket, 0) + cents
    return _of_sums(sums, bucket_seconds(duration_seconds))


class LossTimeline:
    """The losses of a battle, and their sums by bucket: while the buckets stay, a further loss is one addition."""

    def __init__(self) -> None:
        self._losses: dict[int, TimedLoss] = {}
        self._added: list[TimedLoss] = []
        self._sums: _Sums = {}
        self._summed_over: tuple[int, int] | None = None
        """Start of the battle and seconds of a bucket; None where the sums are wrong."""

    def put(self, killmail_id: int, loss: TimedLoss) -> None:
        """Add a loss, instead of the former one of this killmail if there is one."""
        former = self._losses.get(killmail_id)
        if former is None:
            self._added.append(loss)
        elif former != loss:
            self._summed_over = None
        self._losses[killmail_id] = loss

    def over(self, start: int, end: int) -> LossesOverTime:
        """As `losses_over_time` of all losses, in a battle from `start` to `end`."""
        buckets = (start, bucket_seconds(end - start))
        if self._summed_over != buckets:
            self._sums, self._summed_over = {}, buckets
            self._sum(self._losses.values(), *buckets)
        else:
            self._sum(self._added, *buckets)
        self._added.clear()
        return _of_sums(self._sums, buckets[1])

    def _sum(self, losses: Iterable[TimedLoss], start: int, seconds: int) -> None:
        for side_id, time, cents in losses:
            of_side = self._sums.setdefault(side_id, {})
            bucket = (time - start) // seconds
            of_side[bucket] = of_side.get(bucket, 0) + cents


def _of_sums(sums: Mapping[int | None, Mapping[int, int]], seconds: int) -> LossesOverTime:
    ordered = sorted(sums, key=lambda side_id: (side_id is None, side_id or 0))
    return LossesOverTime(
        bucket_seconds=seconds,
        lost=tuple(SideLosses(side_id=side_id, isk=_isk(sums[side_id])) for side_id in ordered),
    )


def _isk(cents: Mapping[int, int]) -> tuple[int, ...]:
    return tuple(cents.get(bucket, 0) // 100 for bucket in range(max(cents) + 1))
