"""Losses over time: few buckets, exact sums, and the last second in the last bucket."""

from datetime import UTC, datetime, timedelta

import pytest

from battle_cluster.statistics.losses_over_time import BUCKETS, BucketLoss, bucket_of, bucket_seconds, losses_over_time
from battlescope_schemas.battle import SideLosses

START = datetime(2026, 3, 1, 18, tzinfo=UTC)


@pytest.mark.parametrize(("duration", "seconds"), [(0, 1), (23, 1), (24, 2), (3600, 151), (86_399, 3600)])
def test_every_second_of_a_battle_has_a_bucket(duration: int, seconds: int) -> None:
    assert bucket_seconds(duration) == seconds
    assert bucket_of(START, START, seconds) == 0
    assert bucket_of(START + timedelta(seconds=duration), START, seconds) < BUCKETS


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
