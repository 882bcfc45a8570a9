"""Finds the names on a mail: what this process has met, then the shelves (cache, database), then ESI."""

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from typing import Final

from killmail_enrich.names.model import SOFT_SECONDS, Name, Named

NameSource = Callable[[Collection[int]], Awaitable[Mapping[int, Name]]]
MOST_KEPT: Final = 20_000  # about 6 MB; an evening's fights name fewer
# How long a process trusts its own copy: of a fresh name for an hour, of a stale one only until it may be renewed.
_KEEP_FRESH: Final = 3600.0
_KEEP_STALE: Final = 300.0


class NameResolver:
    def __init__(self, shelves: Iterable[NameSource], ask: NameSource, now: Callable[[], float]) -> None:
        """`shelves` are looked through in order; `ask` is for what none of them has."""
        self._shelves = tuple(shelves)
        self._ask = ask
        self._now = now
        self._kept: OrderedDict[int, tuple[Name, float]] = OrderedDict()

    async def look_up(self, entity_ids: Collection[int]) -> Named:
        found = {i: name for i in entity_ids if (name := self._own(i))}
        looked_up: dict[int, Name] = {}
        for shelf in (*self._shelves, self._ask):
            rest = entity_ids - found.keys() - looked_up.keys() if found or looked_up else entity_ids
            if not rest:
                break
            now = self._now()
            looked_up.update({i: name for i, name in (await shelf(rest)).items() if name.is_usable(now)})
        self._keep(looked_up.values())
        found.update(looked_up)
        return Named(
            {i: name.name for i, name in found.items() if name.name is not None},
            tuple(sorted(set(entity_ids) - found.keys())),
            tuple(sorted(i for i, name in looked_up.items() if not name.is_fresh(self._now()))),
        )

    def _own(self, entity_id: int) -> Name | None:
        kept = self._kept.get(entity_id)
        if kept is None or self._now() >= kept[1]:
            return None
        self._kept.move_to_end(entity_id)
        return kept[0]

    def _keep(self, names: Iterable[Name]) -> None:
        now = self._now()
        for name in names:
            until = min(name.fetched_at + SOFT_SECONDS, now + _KEEP_FRESH) if name.is_fresh(now) else now + _KEEP_STALE
            self._kept[name.entity_id] = (name, until)
        while len(self._kept) > MOST_KEPT:
            self._kept.popitem(last=False)
