"""The cache of a partition's newest records."""

from battlescope_local.log import tail_cache
from battlescope_local.log.port import Record, StoredRecord
from battlescope_local.log.tail_cache import TailCache


def record(number: int, size: int = 0) -> Record:
    return Record(None, str(number).encode() + b" " * size, (("ce_id", b"\xff\0"),))


def test_cache_is_limited_by_its_bytes() -> None:
    cache = TailCache()
    for number in range(10):
        cache.add(StoredRecord(0, number, record(number, tail_cache.MAX_BYTES // 4)))
    assert cache.read_from(0, 10) is None
    following = cache.read_from(8, 10)
    assert following is not None
    assert [stored.offset for stored in following] == [8, 9]
