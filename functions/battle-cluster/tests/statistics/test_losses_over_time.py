"""Losses over time: few buckets, exact sums, and the last second in the last bucket."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from battle_cluster.statistics.losses_over_time import (
    BUCKETS,
    BucketLoss,
    LossTimeline,
    TimedLoss,
    bucket_seconds,
    losses_over_time,
)
from battlescope_schemas.battle import SideLosses

LOSSES = st.tuples(
    st.integers(1, 9), st.builds(TimedLoss, st.sampled_from([None, 1, 2]), st.integers(0, 90), st.just(100))
)


@pytest.mark.parametrize(("duration", "seconds"), [(0, 1), (23, 1), (24, 2), (3600, 151), (86_399, 3600)])
def test_every_second_of_a_battle_has_a_bucket(duration: int, seconds: int) -> None:
    timeline = LossTimeline()
    for killmail_id, time in enumerate((0, duration)):
        timeline.put(killmail_id, TimedLoss(1, time, 100))
    over_time = timeline.over(0, duration)
    assert (bucket_seconds(duration), over_time.bucket_seconds) == (seconds, seconds)
    assert over_time.lost[0].isk[0] >= 1
    assert len(over_time.lost[0].isk) <= BUCKETS


def test_losses_of_a_bucket_are_added_by_side() -> None:
    losses = [BucketLoss(2, 1, 250), BucketLoss(1, 3, 10_000), BucketLoss(2, 1, 150), BucketLoss(None, 0, 99)]
    spark = losses_over_time(losses, 59)
    assert spark.bucket_seconds == 3
    assert spark.lost == (
        SideLosses(side_id=1, isk=(0, 0, 0, 100)),
        SideLosses(side_id=2, isk=(0, 4)),
        SideLosses(side_id=None, isk=(0,)),
    )


def test_cents_do_not_get_lost_in_the_sum() -> None:
    spark = losses_over_time([BucketLoss(1, 0, 10)] * 10, 59)
    assert spark.lost == (SideLosses(side_id=1, isk=(1,)),)


@given(st.lists(LOSSES, min_size=1, max_size=12))
def test_timeline_of_losses_that_come_and_change_sides_is_that_of_the_last_ones(
    losses: list[tuple[int, TimedLoss]],
) -> None:
    timeline = LossTimeline()
    current: dict[int, TimedLoss] = {}
    for killmail_id, loss in losses:
        current[killmail_id] = loss
        timeline.put(killmail_id, loss)
        start, end = min(entry.time for entry in current.values()), max(entry.time for entry in current.values())
        seconds = bucket_seconds(end - start)
        expected = [BucketLoss(side, (time - start) // seconds, cents) for side, time, cents in current.values()]
        assert timeline.over(start, end) == losses_over_time(expected, end - start)
