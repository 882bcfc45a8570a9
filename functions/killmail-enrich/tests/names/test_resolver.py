"""Resolving names: the order of the sources, freshness, and the cache of the process."""

from collections.abc import Collection, Mapping
from math import inf

from battlescope_schemas.entity import EntityType
from killmail_enrich.names.model import FRESH_SECONDS, USABLE_SECONDS, Name
from killmail_enrich.names.resolver import MAX_CACHED, NameResolver


def pilot(entity_id: int, fetched_at: float = 0.0) -> Name:
    return Name(entity_id, EntityType.CHARACTER, f"Pilot {entity_id}", fetched_at)


class Source:
    """Has some names and records the ids of each request."""

    def __init__(self, *names: Name) -> None:
        self.names = {name.entity_id: name for name in names}
        self.requests: list[set[int]] = []

    async def __call__(self, entity_ids: Collection[int]) -> Mapping[int, Name]:
        self.requests.append(set(entity_ids))
        return {i: self.names[i] for i in entity_ids if i in self.names}


async def test_each_source_is_asked_only_for_unresolved_ids() -> None:
    cache, table, esi = Source(pilot(1)), Source(pilot(1), pilot(2)), Source(pilot(3))
    resolver = NameResolver((cache, table), esi, lambda: 0.0)
    resolved = await resolver.resolve(frozenset({1, 2, 3, 4}))
    assert resolved.names == {1: "Pilot 1", 2: "Pilot 2", 3: "Pilot 3"}
    assert resolved.missing_ids == (4,)
    assert (cache.requests, table.requests, esi.requests) == ([{1, 2, 3, 4}], [{2, 3, 4}], [{3, 4}])


async def test_names_of_an_earlier_killmail_need_no_request() -> None:
    source, esi = Source(pilot(1)), Source()
    resolver = NameResolver((source,), esi, lambda: 0.0)
    await resolver.resolve(frozenset({1}))
    assert (await resolver.resolve(frozenset({1}))).names == {1: "Pilot 1"}
    assert (source.requests, esi.requests) == ([{1}], [])


async def test_day_old_name_is_used_and_stale_and_week_old_name_is_not_used() -> None:
    table = Source(pilot(1, 0.0), pilot(2, 0.0))
    resolved = await NameResolver((table,), Source(), lambda: FRESH_SECONDS).resolve(frozenset({1, 2}))
    expected = ({1: "Pilot 1", 2: "Pilot 2"}, (), (1, 2))
    assert (resolved.names, resolved.missing_ids, resolved.stale_ids) == expected
    resolved = await NameResolver((table,), Source(), lambda: USABLE_SECONDS).resolve(frozenset({1}))
    assert (resolved.names, resolved.missing_ids, resolved.stale_ids) == ({}, (1,), ())


async def test_unknown_entity_is_missing_but_costs_no_request() -> None:
    table, esi = Source(Name(1, None, None, 0.0, attempts=1)), Source()
    resolver = NameResolver((table,), esi, lambda: FRESH_SECONDS)
    for _ in range(2):
        resolved = await resolver.resolve(frozenset({1}))
        assert (resolved.names, resolved.missing_ids, resolved.stale_ids) == ({}, (1,), ())
    assert (len(table.requests), esi.requests) == (1, [])


async def test_process_looks_for_a_missing_name_again_within_minutes() -> None:
    clock, table = [0.0], Source(Name(1, None, None, 0.0, attempts=1))
    resolver = NameResolver((table,), Source(), lambda: clock[0])
    await resolver.resolve(frozenset({1}))
    table.names, clock[0] = {1: pilot(1)}, 300.0
    assert (await resolver.resolve(frozenset({1}))).names == {1: "Pilot 1"}


async def test_id_that_no_entity_can_have_is_not_awaited() -> None:
    impossible = Name(2**40, None, None, 0.0, attempts=99)
    assert impossible.retry_at == inf
    resolved = await NameResolver((), Source(impossible), lambda: 0.0).resolve(frozenset({2**40}))
    assert resolved.missing_ids == ()


async def test_cache_is_bounded() -> None:
    resolver = NameResolver((Source(*map(pilot, range(1, MAX_CACHED + 100))),), Source(), lambda: 0.0)
    await resolver.resolve(frozenset(range(1, MAX_CACHED + 100)))
    assert len(resolver._cache) == MAX_CACHED
