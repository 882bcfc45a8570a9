"""Due times of killmails by speed and head start."""

from math import inf

import pytest

from battlescope_upstream.content.schedule import InvalidSpeed, make_schedule
from battlescope_upstream.simulation.feed import SimulatedFeed


def test_schedule(simulated_feed: SimulatedFeed) -> None:
    killmails = simulated_feed.killmails[:300]
    tenfold, rate = make_schedule("10", killmails, 0), make_schedule("20/s", killmails, 5)
    assert tenfold(50) == (killmails[50].killed_at - killmails[0].killed_at) / 10
    assert make_schedule("10", killmails, 40)(41) == (killmails[41].killed_at - killmails[39].killed_at) / 10
    assert (rate(5), rate(24)) == (0.05, 1.0)
    assert make_schedule("max", killmails, 0)(299) == 0
    assert make_schedule("0", killmails, 0)(0) == inf
    staged = make_schedule("10/s:2,100/s:1,10/s", killmails, 5)
    assert (staged(4), staged(24), staged(124), staged(134)) == (0.0, 2.0, 3.0, 4.0)
    assert [staged(index) for index in range(200)] == sorted(staged(index) for index in range(200))
    for wrong in ("fast", "-1", "inf", "nan", "1/min", "0/s:5,1/s", "1/s:x,1/s"):
        with pytest.raises(InvalidSpeed):
            make_schedule(wrong, killmails, 0)
