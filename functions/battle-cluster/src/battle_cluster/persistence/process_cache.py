"""Bounded in-process cache of data that hardly ever changes: losing it costs time only."""

from collections import OrderedDict
from collections.abc import Collection, Iterable, Mapping
from typing import Final, Generic, TypeVar

from battle_cluster.detection.clustering import TimelineCache
from battle_cluster.detection.neighbourhood_loader import PrefetchHint
from battle_cluster.domain.battle import StoredBattle
from battle_cluster.domain.killmail import Killmail
from battle_cluster.edits.active_edits import ActiveEdits
from battle_cluster.messaging.enriched_killmail import EntityFact, EntityName
from battle_cluster.reconciliation.battle_diff import Change
from battle_cluster.statistics.battle_report import BattleAggregate, BattleReport

K = TypeVar("K")
V = TypeVar("V")
# Up to 8 kB per killmail with all its cached properties: 80 MB, a sixth of the pod's limit.
MAX_KILLMAILS: Final = 10_000
# Each batch of history begins where an earlier one ended: the ends of two, for two halves of a day.
MAX_HISTORICAL_KILLMAILS: Final = 3_000
# A battle of 1,500 pilots takes about 2 MB; most are a thousand times smaller.
MAX_BATTLES: Final = 64
# One per system.
MAX_HINTS: Final = 256
# About 200 bytes each; a day has some 25,000.
MAX_NAMES: Final = 50_000


class LruCache(Generic[K, V]):
    """The `size` most recently used values."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._values: OrderedDict[K, V] = OrderedDict()

    def __contains__(self, key: K) -> bool:
        return key in self._values

    def get(self, key: K) -> V | None:
        if key in self._values:
            self._values.move_to_end(key)
        return self._values.get(key)

    def put(self, key: K, value: V) -> None:
        self._values[key] = value
        self._values.move_to_end(key)
        while len(self._values) > self._size:
            self._values.popitem(last=False)

    def discard(self, key: K) -> None:
        self._values.pop(key, None)

    def get_many(self, keys: Iterable[K]) -> dict[K, V]:
        """The cached values of those keys that have one."""
        cached = self._values
        values = {key: value for key in keys if (value := cached.get(key)) is not None}
        for key in values:
            cached.move_to_end(key)
        return values

    def put_many(self, values: Mapping[K, V]) -> None:
        for key, value in values.items():
            self.put(key, value)


class KillmailCache:
    """The killmails that were used last; backfilled ones do not displace live ones, and fewer of them are kept."""

    def __init__(self, max_live: int = MAX_KILLMAILS, max_historical: int = MAX_HISTORICAL_KILLMAILS) -> None:
        self._live = LruCache[int, Killmail](max_live)
        self._historical = LruCache[int, Killmail](max_historical)

    def get_many(self, killmail_ids: Collection[int]) -> dict[int, Killmail]:
        """Those of these killmails that are cached, by id."""
        killmails = self._live.get_many(killmail_ids)
        if len(killmails) == len(killmail_ids):
            return killmails
        return killmails | self._historical.get_many(killmail_ids)

    def put_many(self, killmails: Iterable[Killmail]) -> None:
        for killmail in killmails:
            cache = self._historical if killmail.historical else self._live
            cache.put(killmail.killmail_id, killmail)

    def discard(self, killmail_id: int) -> None:
        self._live.discard(killmail_id)
        self._historical.discard(killmail_id)


class ProcessCache:
    """Killmails, system timelines, prefetch hints, the edits of one version, and reports of battles at one revision."""

    def __init__(self) -> None:
        self.killmails = KillmailCache()
        self.values_version = 0
        self.timelines = TimelineCache()
        self._hints = LruCache[int, PrefetchHint](MAX_HINTS)
        self.active_edits = ActiveEdits()
        self._saved_names: set[EntityName] = set()
        self._saved_facts: set[EntityFact] = set()
        self._reports: LruCache[str, tuple[int, BattleReport]] = LruCache(MAX_BATTLES)
        self._aggregates: LruCache[str, BattleAggregate] = LruCache(MAX_BATTLES)

    def drop_outdated(self, killmail_ids: Iterable[int], values_version: int) -> None:
        """Drop killmails whose value has changed, and what was computed from it.

        Aggregates notice it themselves: they grow only by the same objects.
        """
        for killmail_id in killmail_ids:
            self.killmails.discard(killmail_id)
        self.timelines = TimelineCache()
        self.values_version = max(self.values_version, values_version)

    def record_committed(self, killmails: Iterable[Killmail], changes: Iterable[Change]) -> None:
        """Cache what a transaction wrote; call it only after the commit."""
        self.killmails.put_many(killmails)
        for change in changes:
            self._reports.put(change.battle_id, (change.revision, change.report))

    def hint_for(self, killmails: Mapping[int, Killmail]) -> PrefetchHint | None:
        """What a single killmail should load at once; None if nothing was processed in its system before."""
        return self._hints.get(next(iter(killmails.values())).system_id) if len(killmails) == 1 else None

    def put_hint(self, killmails: Mapping[int, Killmail], hint: PrefetchHint | None) -> None:
        """Keep the hint of a single killmail for the next one in its system."""
        if len(killmails) == 1 and hint is not None:
            self._hints.put(next(iter(killmails.values())).system_id, hint)

    def unsaved_names(self, names: frozenset[EntityName]) -> frozenset[EntityName]:
        """The names that the table may lack."""
        return names - self._saved_names

    def unsaved_facts(self, facts: frozenset[EntityFact]) -> frozenset[EntityFact]:
        """The facts that the tables may lack."""
        return facts - self._saved_facts

    def mark_saved(self, names: frozenset[EntityName], facts: frozenset[EntityFact]) -> None:
        """Call it only after the commit."""
        if len(self._saved_names) + len(self._saved_facts) > MAX_NAMES:
            self._saved_names.clear()
            self._saved_facts.clear()
        self._saved_names |= names
        self._saved_facts |= facts

    def aggregate(self, battle_id: str, killmails: Mapping[int, Killmail]) -> BattleAggregate:
        """An aggregate of these killmails or some of them.

        It depends on killmails only, which never change, so it is valid before the commit too.
        """
        cached = self._aggregates.get(battle_id)
        if cached is None or not cached.is_subset_of(killmails):
            cached = BattleAggregate()
            self._aggregates.put(battle_id, cached)
        return cached

    def stored_reports(self, battles: Mapping[str, StoredBattle]) -> dict[str, BattleReport]:
        """The reports that equal the tables: this process saved them, and the battle's revision is still the same."""
        cached = self._reports.get_many(battles)
        return {i: report for i, (revision, report) in cached.items() if revision == battles[i].revision}
