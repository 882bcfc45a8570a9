"""Lock keys: overlapping work shares a key, and unrelated work does not."""

from builders import FAR, GATES, HOME, NEXT, RULES, kill
from hypothesis import given
from hypothesis import strategies as st

from battle_cluster.domain.lock_keys import (
    BATCH_LOCK_KEY,
    DAY,
    HOUR,
    MIDNIGHT_MARGIN,
    WORMHOLE_MARGIN,
    batch_lock_keys,
    batch_lock_keys_of,
    hours_of,
    lock_key,
    lock_key_of,
    lock_keys_for,
    shared_lock_keys,
)

NOON = (1_638_000_000 // DAY * DAY + DAY // 2 - 1_638_000_000) / 60
WORMHOLE = 31_000_005
ALL_WORMHOLES = 31_000_000
REACH = RULES.max_link_distance


def test_backfilled_and_live_killmails_of_one_system_share_no_key() -> None:
    old, new = (lock_keys_for([kill(1, NOON + days * 1440, "A1", "B1")], nearby=True) for days in (0, 30))
    assert old.isdisjoint(new)


def test_killmail_near_midnight_locks_both_days() -> None:
    late = kill(1, NOON + 11 * 60, "A1", "B1", system=FAR)
    day = late.time // DAY
    assert {lock_key(FAR, day), lock_key(FAR, day + 1)} <= lock_keys_for([late], nearby=False)


def test_only_nearby_locks_neighbouring_systems() -> None:
    killmail = kill(1, NOON, "A1", "B1")
    day = killmail.time // DAY
    neighbours = {HOME, NEXT} & ({HOME} | GATES[HOME])
    assert {lock_key(system, day) for system in neighbours} <= lock_keys_for([killmail], nearby=True)
    assert lock_key(NEXT, day) not in lock_keys_for([killmail], nearby=False)
    assert lock_key_of(killmail) in lock_keys_for([killmail], nearby=False)


def _wormhole_keys(time: int, margin: int = WORMHOLE_MARGIN) -> frozenset[int]:
    return frozenset(lock_key(ALL_WORMHOLES, hour) for hour in batch_lock_keys(time, time, 2 * margin))


def test_keys_of_all_wormholes_are_shared_unless_a_killmail_is_in_one() -> None:
    killmail = kill(1, NOON, "A1", "B1")
    assert shared_lock_keys(lock_keys_for([killmail], nearby=True)) == _wormhole_keys(killmail.time)
    assert shared_lock_keys(lock_keys_for([kill(2, NOON, "A1", "B1", system=WORMHOLE)], nearby=True)) == frozenset()


def test_batch_shares_systems_but_neither_its_hours_nor_the_wormholes_that_it_changes() -> None:
    killmails = [kill(1, NOON, "A1", "B1"), kill(2, NOON, "A1", "B1", system=WORMHOLE)]
    lock_keys = lock_keys_for(killmails, nearby=False)
    shared = shared_lock_keys(lock_keys | batch_lock_keys_of(killmails, REACH), is_batch=True)
    assert shared == lock_keys - _wormhole_keys(killmails[0].time)
    assert {lock_key_of(killmail) for killmail in killmails} <= shared


@given(st.integers(DAY, 2**32), st.integers(0, DAY))
def test_killmails_of_wormholes_less_than_four_hours_apart_share_a_key(time: int, gap: int) -> None:
    shared = _wormhole_keys(time) & _wormhole_keys(time + gap)
    if gap < MIDNIGHT_MARGIN:
        assert shared
    if gap > MIDNIGHT_MARGIN + 3600:
        assert not shared


@given(st.integers(DAY, 2**32), st.integers(0, WORMHOLE_MARGIN))
def test_killmail_of_a_wormhole_shares_a_key_with_a_batch_that_its_links_reach(time: int, gap: int) -> None:
    batch = lock_keys_for([kill(1, time / 60, "A1", "B1")], nearby=False, wormhole_margin=REACH // 2)
    single = lock_keys_for([kill(2, (time + gap) / 60, "A1", "B1", system=WORMHOLE)], nearby=True)
    assert batch & single


def test_batch_needs_the_hours_around_each_killmail_and_none_between_distant_ones() -> None:
    killmails = [kill(1, NOON, "A1", "B1"), kill(2, NOON + 30 * 1440, "A1", "B1")]
    needed = batch_lock_keys_of(killmails, REACH)
    assert all(batch_lock_keys(killmail.time, killmail.time, REACH) <= needed for killmail in killmails)
    assert len(needed) <= 2 * (REACH // HOUR + 1)
    assert hours_of(needed | lock_keys_for(killmails, nearby=True)) == needed


@given(
    st.integers(DAY, 2**32),
    st.integers(0, 3 * DAY),
    st.integers(0, 3 * DAY) | st.integers(0, 4 * HOUR),
    st.integers(0, 3 * DAY),
    st.integers(1, 3 * HOUR),
)
def test_batches_share_an_hour_unless_no_rule_reaches_from_one_to_the_other(
    start: int, first_length: int, gap: int, second_length: int, reach: int
) -> None:
    end = start + first_length
    first, second = batch_lock_keys(start, end, reach), batch_lock_keys(end + gap, end + gap + second_length, reach)
    if gap <= reach:
        assert first & second
    if gap > reach + HOUR + 1:
        assert not first & second
    assert BATCH_LOCK_KEY not in first
    assert max(first) < lock_key(0, 1)
