from battle_cluster.persistence.process_cache import LruCache


def test_lru_cache_drops_the_least_recently_used_value() -> None:
    cache: LruCache[int, str] = LruCache(2)
    cache.put_many({1: "a", 2: "b"})
    cache.get(1)
    cache.put(3, "c")
    assert cache.get_many([1, 2, 3]) == {1: "a", 3: "c"}
