"""What a process may remember without being wrong: facts that never change, and no more of them than fit."""

from collections import OrderedDict
from collections.abc import Iterable, Mapping
from typing import Final, Generic, TypeVar

from battle_cluster.detection.clustering import TimelineCache
from battle_cluster.detection.neighbourhood_loader import PrefetchHint
from battle_cluster.domain.battle import StoredBattle, StoredKillmail
from battle_cluster.domain.killmail import Killmail
from battle_cluster.edits.active_edits import ActiveEdits
from battle_cluster.messaging.enriched_killmail import Name
from battle_cluster.reconciliation.battle_diff import Change
from battle_cluster.statistics.battle_aggregate import BattleAggregate
from battle_cluster.statistics.reckoning import BattleReport

K = TypeVar("K")
V = TypeVar("V")
# Up to 8 kB a mail once it was looked at from all sides: 80 MB, a sixth of the pod's limit.
MOST_MAILS: Final = 10_000
# A battle of 1,500 pilots takes about 2 MB; most are a thousand times smaller.
MOST_BATTLES: Final = 64

# One a system; what was asked for there last.
MOST_HINTS: Final = 256
# About 100 bytes each.
MOST_NAMES: Final = 100_000


class LruCache(Generic[K, V]):
    """The most recently used values."""

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

    def known(self, keys: Iterable[K]) -> dict[K, V]:
        """Those of the keys that are remembered."""
        found = {key: self.get(key) for key in keys}
        return {key: value for key, value in found.items() if value is not None}

    def update(self, values: Mapping[K, V]) -> None:
        for key, value in values.items():
            self.put(key, value)


class ProcessCache:
    """Mails by id, what systems came to, edits as of a version, and the figures of battles as of a revision."""

    def __init__(self) -> None:
        self.mails: LruCache[int, StoredKillmail] = LruCache(MOST_MAILS)
        self.lines = TimelineCache()
        self.prefetch_hints = LruCache[int, PrefetchHint](MOST_HINTS)
        self.book = ActiveEdits()
        self._names: set[tuple[str, int]] = set()
        self._reckonings: LruCache[str, tuple[int, BattleReport]] = LruCache(MOST_BATTLES)
        self._ledgers: LruCache[str, BattleAggregate] = LruCache(MOST_BATTLES)

    def remember(self, arrived: Iterable[StoredKillmail], changes: Iterable[Change]) -> None:
        """To be called after the commit: before it nothing is certain."""
        self.mails.update({kept.mail.killmail_id: kept for kept in arrived})
        for change in changes:
            self._reckonings.put(change.battle_id, (change.revision, change.reckoning))

    def unsaved_names(self, names: Iterable[Name]) -> list[Name]:
        """Names that may not stand in the table yet."""
        return [name for name in names if (name.entity_type, name.id) not in self._names]

    def mark_saved(self, names: Iterable[Name]) -> None:
        """To be called after the commit."""
        if len(self._names) > MOST_NAMES:
            self._names.clear()
        self._names.update((name.entity_type, name.id) for name in names)

    def ledger(self, battle_id: str, mails: Mapping[int, Killmail]) -> BattleAggregate:
        """What these mails, or some of them, add up to: a fact about mails, so no commit has to be awaited."""
        known = self._ledgers.get(battle_id)
        if known is None or not known.is_subset_of(mails):
            known = BattleAggregate()
            self._ledgers.put(battle_id, known)
        return known

    def reckonings(self, stored: Mapping[str, StoredBattle]) -> dict[str, BattleReport]:
        """The figures that stand in the tables, where this process wrote them last."""
        known = self._reckonings.known(stored)
        return {i: figures for i, (revision, figures) in known.items() if revision == stored[i].revision}
