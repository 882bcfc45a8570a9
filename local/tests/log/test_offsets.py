"""Offsets that can be committed."""

from hypothesis import given
from hypothesis import strategies as st

from battlescope_local.log.offsets import OffsetTracker


def test_offset_waits_for_all_earlier_records() -> None:
    offsets = OffsetTracker({0: 7})
    for offset in (7, 8, 12):
        offsets.begin(0, offset)
    offsets.finish(0, 8)
    assert offsets.uncommitted() == {}
    offsets.finish(0, 7)
    assert offsets.uncommitted() == {0: 12}
    offsets.finish(0, 12)
    offsets.mark_committed({0: 12})
    assert offsets.uncommitted() == {0: 13}


@given(st.permutations(range(8)), st.integers(0, 8))
def test_unfinished_offset_is_never_committed(order: list[int], finished: int) -> None:
    offsets = OffsetTracker({0: 0})
    for offset in range(8):
        offsets.begin(0, offset)
    for offset in order[:finished]:
        offsets.finish(0, offset)
    unfinished = order[finished:]
    assert offsets.uncommitted().get(0, 0) == min(unfinished, default=8)
    assert offsets.lag({0: 10}) == len(unfinished) + 2
