"""Resolves the names on a killmail: from a cache in this process, from the sources (Valkey, database), then ESI."""

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from typing import Final

from battlescope_events.upstream.esi import MAX_ENTITY_ID
from killmail_enrich.names.model import FRESH_SECONDS, Name, ResolvedNames

NameSource = Callable[[Collection[int]], Awaitable[Mapping[int, Name]]]
MAX_CACHED: Final = 20_000  # about 6 MB; the killmails of an evening have fewer names
# How long a process uses its own copy: of a fresh name for an hour, of a stale or missing one only until a new one may
# be there.
_CACHE_FRESH_SECONDS: Final = 3600.0
_CACHE_STALE_SECONDS: Final = 300.0


class NameResolver:
    def __init__(self, sources: Iterable[NameSource], fetch: NameSource, now: Callable[[], float]) -> None:
        """Sources are asked in order; `fetch` is asked for the ids that none of them has."""
        self._sources = (*sources, fetch)
        self._now = now
        self._cache: OrderedDict[int, tuple[Name, float]] = OrderedDict()

    async def resolve(self, entity_ids: Collection[int]) -> ResolvedNames:
        names = self._cached(entity_ids)
        fetched: dict[int, Name] = {}
        for source in self._sources:
            remaining = entity_ids - names.keys() - fetched.keys() if names or fetched else entity_ids
            if not remaining:
                break
            now = self._now()
            fetched.update({i: name for i, name in (await source(remaining)).items() if name.is_usable(now)})
        self._store(fetched.values())
        names.update(fetched)
        now = self._now()
        by_id = {i: name.name for i, name in names.items() if name.name is not None}
        return ResolvedNames(
            by_id,
            tuple(sorted(i for i in entity_ids - by_id.keys() if i <= MAX_ENTITY_ID)),
            tuple(sorted(i for i, name in fetched.items() if name.name and not name.is_fresh(now))),
        )

    def _cached(self, entity_ids: Collection[int]) -> dict[int, Name]:
        now, cache, names = self._now(), self._cache, dict[int, Name]()
        for entity_id in entity_ids:
            entry = cache.get(entity_id)
            if entry is not None and now < entry[1]:
                cache.move_to_end(entity_id)
                names[entity_id] = entry[0]
        return names

    def _store(self, names: Iterable[Name]) -> None:
        now = self._now()
        for name in names:
            until = now + _CACHE_STALE_SECONDS
            if name.name and name.is_fresh(now):
                until = min(name.fetched_at + FRESH_SECONDS, now + _CACHE_FRESH_SECONDS)
            self._cache[name.entity_id] = (name, until)
        while len(self._cache) > MAX_CACHED:
            self._cache.popitem(last=False)
