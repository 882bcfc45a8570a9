"""How well a grouping matches the truth. Labels may be anything; every key of the truth has one in what was found."""

from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from math import comb, log

Labels = Mapping[Hashable, Hashable]
Weights = Mapping[Hashable, float]
Table = Counter[Hashable]

BUCKETS = (1, 2, 5, 10, 20, 50, 100)
"""Least size of a true battle; the buckets in which the figures of real days are told."""


@dataclass(frozen=True)
class Pairs:
    """Of the mails found together, how many belong together, and the other way round."""

    precision: float
    recall: float

    @property
    def f1(self) -> float:
        total = self.precision + self.recall
        return 2 * self.precision * self.recall / total if total else 0.0


def pairwise(truth: Labels, found: Labels) -> Pairs:
    both, true, guessed = (_pairs(table) for table in _tables(truth, found))
    return Pairs(both / guessed if guessed else 1.0, both / true if true else 1.0)


def b_cubed(truth: Labels, found: Labels) -> Pairs:
    """Mail by mail, so that one huge battle does not rule."""
    cells, rows, columns = _tables(truth, found)
    total = cells.total()
    precision = sum(n * n / columns[f] for (_, f), n in cells.items()) / total
    recall = sum(n * n / rows[t] for (t, _), n in cells.items()) / total
    return Pairs(precision, recall)


def adjusted_rand(truth: Labels, found: Labels, weight: Mapping[Hashable, int] | None = None) -> float:
    cells, rows, columns = _tables(truth, found, weight)
    both, true, guessed = _pairs(cells), _pairs(rows), _pairs(columns)
    total = comb(cells.total(), 2)
    expected = true * guessed / total if total else 0
    highest = (true + guessed) / 2
    return 1.0 if highest == expected else (both - expected) / (highest - expected)


@dataclass(frozen=True)
class Purity:
    """Homogeneity falls with over-merging, completeness with over-splitting."""

    homogeneity: float
    completeness: float

    @property
    def v_measure(self) -> float:
        total = self.homogeneity + self.completeness
        return 2 * self.homogeneity * self.completeness / total if total else 0.0


def purity(truth: Labels, found: Labels) -> Purity:
    cells, rows, columns = _tables(truth, found)
    joint, true, guessed = _entropy(cells), _entropy(rows), _entropy(columns)
    return Purity(
        1 - (joint - guessed) / true if true > 0 else 1.0,
        1 - (joint - true) / guessed if guessed > 0 else 1.0,
    )


def recall_by_size(truth: Labels, found: Labels) -> dict[int, tuple[int, float]]:
    """By least size of a true battle: how many mails, and what part of its battle each is found with on average."""
    cells, rows, _ = _tables(truth, found)
    mails: Counter[int] = Counter()
    recall: dict[int, float] = {}
    for (label, _), n in cells.items():
        size = max(least for least in BUCKETS if least <= rows[label])
        mails[size] += n
        recall[size] = recall.get(size, 0.0) + n * n / rows[label]
    return {size: (mails[size], recall[size] / mails[size]) for size in sorted(mails)}


@dataclass(frozen=True)
class Outline:
    """How the found battles lie over the true ones of several mails: pieces of each, and minutes off at its ends."""

    fragments: float
    boundary_minutes: float


def outline(truth: Labels, found: Labels, time: Mapping[Hashable, float]) -> Outline:
    """The largest piece of each true battle is taken for it; the error is the mean of its start's and its end's."""
    cells, rows, _ = _tables(truth, found)
    own, theirs = _spans(truth, time), _spans({key: found[key] for key in time if key in found}, time)
    pieces, errors = [], []
    for label in (label for label, size in rows.items() if size > 1):
        held = {group: n for (true, group), n in cells.items() if true == label}
        start, end = theirs[max(held, key=lambda group: held[group])]
        pieces.append(len(held))
        errors.append((abs(start - own[label][0]) + abs(end - own[label][1])) / 2 / 60)
    return Outline(_mean(pieces), _mean(errors)) if pieces else Outline(1.0, 0.0)


def _spans(labels: Labels, time: Mapping[Hashable, float]) -> dict[Hashable, tuple[float, float]]:
    spans: dict[Hashable, tuple[float, float]] = {}
    for key, label in labels.items():
        start, end = spans.get(label, (time[key], time[key]))
        spans[label] = min(start, time[key]), max(end, time[key])
    return spans


def matched(truth: Labels, found: Labels, weight: Weights) -> dict[Hashable, Hashable]:
    """Which true label each found one stands for: the assignment, one to one, that is right about most weight.

    True labels are few, so trying every subset of them is exact and quick.
    """
    cells: Counter[tuple[Hashable, Hashable]] = Counter()
    for key, group in found.items():
        if key in truth:
            cells[group, truth[key]] += weight[key]  # pyright: ignore[reportArgumentType]  # weights may be floats
    labels = sorted({label for _, label in cells}, key=repr)
    best: dict[int, tuple[float, dict[Hashable, Hashable]]] = {0: (0.0, {})}
    for group in sorted({group for group, _ in cells}, key=repr):
        for taken, (right, choice) in list(best.items()):
            for at, label in enumerate(labels):
                bit = 1 << at
                more = right + cells[group, label]
                if not taken & bit and more > best.get(taken | bit, (-1.0, {}))[0]:
                    best[taken | bit] = more, {**choice, group: label}
    return max(best.values(), key=lambda entry: entry[0])[1]


@dataclass(frozen=True)
class Bin:
    """Of a reliability table: how many opinions, how sure they were, how many were right."""

    least: float
    count: int
    confidence: float
    accuracy: float


def reliability(opinions: Sequence[tuple[float, bool]], edges: Sequence[float]) -> list[Bin]:
    """`opinions` are confidences with whether they were right, `edges` the least confidence of each bin."""
    bins: dict[float, list[tuple[float, bool]]] = {}
    for confidence, right in opinions:
        bins.setdefault(max(edge for edge in edges if edge <= confidence), []).append((confidence, right))
    return [
        Bin(edge, len(held), _mean([sure for sure, _ in held]), _mean([right for _, right in held]))
        for edge, held in sorted(bins.items())
    ]


def calibration_error(bins: Sequence[Bin]) -> float:
    """Expected calibration error: how far confidence and accuracy lie apart, by opinions."""
    return sum(b.count * abs(b.confidence - b.accuracy) for b in bins) / sum(b.count for b in bins)


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def _pairs(table: Table) -> int:
    return sum(comb(n, 2) for n in table.values())


def _entropy(table: Table) -> float:
    total = table.total()
    return -sum(n / total * log(n / total) for n in table.values() if n)


def _tables(truth: Labels, found: Labels, weight: Mapping[Hashable, int] | None = None) -> tuple[Table, Table, Table]:
    cells: Table = Counter()
    for key, label in truth.items():
        cells[label, found[key]] += weight[key] if weight else 1
    rows: Table = Counter()
    columns: Table = Counter()
    for (label, group), n in cells.items():
        rows[label] += n
        columns[group] += n
    return cells, rows, columns
