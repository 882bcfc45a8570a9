from dataclasses import replace

from builders import kill

from battle_cluster.persistence.process_cache import KillmailCache, LruCache


def test_lru_cache_drops_the_least_recently_used_value() -> None:
    cache: LruCache[int, str] = LruCache(2)
    cache.put_many({1: "a", 2: "b"})
    cache.get(1)
    cache.put(3, "c")
    assert cache.get_many([1, 2, 3]) == {1: "a", 3: "c"}


def test_backfilled_killmails_displace_each_other_and_no_live_one() -> None:
    live, *backfilled = [replace(kill(number, 0, "B1", "A1"), historical=number > 1) for number in range(1, 5)]
    cache = KillmailCache(max_live=1, max_historical=2)
    cache.put_many([live, *backfilled])
    assert cache.get_many([1, 2, 3, 4]) == {1: live, 3: backfilled[1], 4: backfilled[2]}
    cache.discard(1)
    cache.discard(3)
    assert cache.get_many([1, 2, 3, 4]) == {4: backfilled[2]}
