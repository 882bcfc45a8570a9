"""The number of instances for a load."""

import pytest

from battlescope_local.manifests.model import Scale
from battlescope_local.serving import autoscaler
from battlescope_local.serving.autoscaler import Concurrency


@pytest.mark.parametrize(
    ("scale", "now", "average", "expected"),
    [
        (Scale(), 0, 0, 0),
        (Scale(min_scale=1), 0, 0, 1),
        (Scale(target=10), 1, 0, 1),
        (Scale(target=10, max_scale=9), 15, 0, 3),
        (Scale(target=10, max_scale=9), 0, 15, 3),
        (Scale(target=10, max_scale=2), 100, 0, 2),
        (Scale(target=100, container_concurrency=1, max_scale=9), 3, 0, 5),
        (Scale(target=1), 1000, 0, autoscaler.DEFAULT_MAX_INSTANCES),
    ],
)
def test_instances_for_a_load(scale: Scale, now: float, average: float, expected: int) -> None:
    assert autoscaler.desired_instances(scale, now, average) == expected


def test_concurrency_is_averaged_over_its_window() -> None:
    load = Concurrency(window=60, now=0)
    load.change(4, now=0)
    assert load.average(now=30) == pytest.approx(2)
    load.change(-4, now=30)
    assert load.average(now=60) == pytest.approx(2)
    assert load.idle_for(now=60) == 30
    assert load.average(now=200) == 0
