"""Disjoint sets that respect what people split: groups of a split never meet."""

from collections.abc import Iterable, Mapping


class DisjointSets:
    """Union-find over indexes. `labels` gives, per index, its group in each split that names it."""

    def __init__(self, size: int, cannot_link_labels: Mapping[int, Mapping[int, int]] | None = None) -> None:
        self._parent = list(range(size))
        self._labels = {at: dict(groups) for at, groups in (cannot_link_labels or {}).items()}

    def find(self, at: int) -> int:
        parent = self._parent
        while parent[at] != at:
            parent[at] = parent[parent[at]]
            at = parent[at]
        return at

    def union(self, a: int, b: int) -> bool:
        """Whether the two were apart and could be joined."""
        a, b = self.find(a), self.find(b)
        if a == b or (self._labels and self._kept_apart(a, b)):
            return False
        low, high = (a, b) if a < b else (b, a)
        self._parent[high] = low
        if high in self._labels:
            self._labels.setdefault(low, {}).update(self._labels.pop(high))
        return True

    def _kept_apart(self, a: int, b: int) -> bool:
        ours, theirs = self._labels.get(a, {}), self._labels.get(b, {})
        return any(theirs.get(split, group) != group for split, group in ours.items())

    def members(self) -> list[list[int]]:
        """The sets, each ascending, in order of their lowest member."""
        sets: dict[int, list[int]] = {}
        for at in range(len(self._parent)):
            sets.setdefault(self.find(at), []).append(at)
        return list(sets.values())


def cannot_link_labels(ids: Iterable[int], splits: Iterable[Iterable[frozenset[int]]]) -> dict[int, dict[int, int]]:
    """Per position of `ids`: which group of which split it belongs to."""
    position = {killmail_id: at for at, killmail_id in enumerate(ids)}
    found: dict[int, dict[int, int]] = {}
    for split, groups in enumerate(splits):
        for group, killmail_ids in enumerate(groups):
            for killmail_id in killmail_ids & position.keys():
                found.setdefault(position[killmail_id], {})[split] = group
    return found
