"""Disjoint sets that respect splits: groups of one split never get into the same set."""

from collections.abc import Iterable, Mapping


class DisjointSets:
    """Union-find over indexes. `cannot_link_labels` gives, by index, the group of each split that names it."""

    def __init__(self, size: int, cannot_link_labels: Mapping[int, Mapping[int, int]] | None = None) -> None:
        self._parent: list[int] | dict[int, int] = list(range(size))  # never a higher index: the lowest is the root
        self._labels = {index: dict(labels) for index, labels in (cannot_link_labels or {}).items()}

    def find(self, index: int) -> int:
        parent = self._parent
        while parent[index] != index:
            parent[index] = parent[parent[index]]
            index = parent[index]
        return index

    def union(self, a: int, b: int) -> bool:
        """Join the sets of both. False if they are one set already or a split forbids it."""
        parent = self._parent
        while parent[a] != a:  # as `find`, which is the most called function of a large battle
            parent[a] = a = parent[parent[a]]
        while parent[b] != b:
            parent[b] = b = parent[parent[b]]
        if a == b or (self._labels and self._cannot_link(a, b)):
            return False
        low, high = (a, b) if a < b else (b, a)
        parent[high] = low
        if high in self._labels:
            self._labels.setdefault(low, {}).update(self._labels.pop(high))
        return True

    def _cannot_link(self, a: int, b: int) -> bool:
        a_labels, b_labels = self._labels.get(a, {}), self._labels.get(b, {})
        return any(b_labels.get(split, group) != group for split, group in a_labels.items())

    def sets(self) -> list[list[int]]:
        """The sets, each ascending, ordered by their lowest index."""
        parent = self._parent
        members: dict[int, list[int]] = {}
        for index in range(len(parent)):
            above = parent[index]
            if above == index:
                members[index] = [index]
            else:  # what is above was visited before, so its parent is the root
                root = parent[index] = parent[above]
                members[root].append(index)
        return list(members.values())


def cannot_link_labels(
    killmail_ids: Iterable[int], splits: Iterable[Iterable[frozenset[int]]]
) -> dict[int, dict[int, int]]:
    """By index into `killmail_ids`: the number of its group in each split that names it, by number of the split."""
    index_of = {killmail_id: index for index, killmail_id in enumerate(killmail_ids)}
    labels: dict[int, dict[int, int]] = {}
    for split, groups in enumerate(splits):
        for group, members in enumerate(groups):
            for killmail_id in members & index_of.keys():
                labels.setdefault(index_of[killmail_id], {})[split] = group
    return labels
