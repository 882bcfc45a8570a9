"""What each side lost over the time of a battle, in few enough numbers for a row of a list."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final, NamedTuple

from battlescope_schemas.battle import LossesOverTime, SideLosses

BUCKETS: Final = 24


class BucketLoss(NamedTuple):
    """What a side lost in one bucket, or a part of that."""

    side_id: int | None
    bucket: int
    cents: int


def bucket_seconds(duration_seconds: int) -> int:
    """The last second of a battle belongs to its last bucket."""
    return -(-(duration_seconds + 1) // BUCKETS)


def bucket_of(time: datetime, start: datetime, seconds: int) -> int:
    return int((time - start).total_seconds()) // seconds


def losses_over_time(losses: Iterable[BucketLoss], duration_seconds: int) -> LossesOverTime:
    """Sides in order, those of no side last."""
    cents: dict[int | None, dict[int, int]] = {}
    for loss in losses:
        of_side = cents.setdefault(loss.side_id, {})
        of_side[loss.bucket] = of_side.get(loss.bucket, 0) + loss.cents
    ordered = sorted(cents, key=lambda side_id: (side_id is None, side_id or 0))
    return LossesOverTime(
        bucket_seconds=bucket_seconds(duration_seconds),
        lost=tuple(SideLosses(side_id=side_id, isk=_isk(cents[side_id])) for side_id in ordered),
    )


def _isk(cents: Mapping[int, int]) -> tuple[int, ...]:
    return tuple(cents.get(bucket, 0) // 100 for bucket in range(max(cents) + 1))
