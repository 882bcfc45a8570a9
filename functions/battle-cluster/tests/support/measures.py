"""How well predicted labels match the true ones. Any labels will do; every key of the truth has a predicted one."""

from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from math import comb, log

Labels = Mapping[Hashable, Hashable]
Weights = Mapping[Hashable, float]
Table = Counter[Hashable]

BUCKETS = (1, 2, 5, 10, 20, 50, 100)
"""Lower limits of the size of true battles, the same as in the statistics of real days."""


@dataclass(frozen=True)
class Pairs:
    """Precision and recall over pairs of killmails with the same label."""

    precision: float
    recall: float

    @property
    def f1(self) -> float:
        total = self.precision + self.recall
        return 2 * self.precision * self.recall / total if total else 0.0


def pairwise(truth: Labels, predicted: Labels) -> Pairs:
    both, true, guessed = (_pairs(table) for table in _tables(truth, predicted))
    return Pairs(both / guessed if guessed else 1.0, both / true if true else 1.0)


def b_cubed(truth: Labels, predicted: Labels) -> Pairs:
    """Averaged over killmails, so that one huge battle does not dominate."""
    cells, rows, columns = _tables(truth, predicted)
    total = cells.total()
    precision = sum(n * n / columns[f] for (_, f), n in cells.items()) / total
    recall = sum(n * n / rows[t] for (t, _), n in cells.items()) / total
    return Pairs(precision, recall)


def adjusted_rand(truth: Labels, predicted: Labels, weight: Mapping[Hashable, int] | None = None) -> float:
    cells, rows, columns = _tables(truth, predicted, weight)
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


def purity(truth: Labels, predicted: Labels) -> Purity:
    cells, rows, columns = _tables(truth, predicted)
    joint, true, guessed = _entropy(cells), _entropy(rows), _entropy(columns)
    return Purity(
        1 - (joint - guessed) / true if true > 0 else 1.0,
        1 - (joint - true) / guessed if guessed > 0 else 1.0,
    )


def recall_by_size(truth: Labels, predicted: Labels) -> dict[int, tuple[int, float]]:
    """By lower limit of the size: the number of killmails, and the mean share of its true battle a killmail is with."""
    cells, rows, _ = _tables(truth, predicted)
    counts: Counter[int] = Counter()
    recall: dict[int, float] = {}
    for (label, _), n in cells.items():
        size = max(lower for lower in BUCKETS if lower <= rows[label])
        counts[size] += n
        recall[size] = recall.get(size, 0.0) + n * n / rows[label]
    return {size: (counts[size], recall[size] / counts[size]) for size in sorted(counts)}


@dataclass(frozen=True)
class Outline:
    """How predicted battles cover the true ones: fragments per battle, and the error of its start and end."""

    fragments: float
    boundary_minutes: float


def outline(truth: Labels, predicted: Labels, time: Mapping[Hashable, float]) -> Outline:
    """Compare each true battle of several killmails with its largest fragment; the error is that of start and end."""
    cells, rows, _ = _tables(truth, predicted)
    true_spans = _spans(truth, time)
    predicted_spans = _spans({key: predicted[key] for key in time if key in predicted}, time)
    fragments, errors = [], []
    for label in (label for label, size in rows.items() if size > 1):
        sizes = {group: n for (true, group), n in cells.items() if true == label}
        start, end = predicted_spans[max(sizes, key=lambda group: sizes[group])]
        fragments.append(len(sizes))
        errors.append((abs(start - true_spans[label][0]) + abs(end - true_spans[label][1])) / 2 / 60)
    return Outline(_mean(fragments), _mean(errors)) if fragments else Outline(1.0, 0.0)


def _spans(labels: Labels, time: Mapping[Hashable, float]) -> dict[Hashable, tuple[float, float]]:
    spans: dict[Hashable, tuple[float, float]] = {}
    for key, label in labels.items():
        start, end = spans.get(label, (time[key], time[key]))
        spans[label] = min(start, time[key]), max(end, time[key])
    return spans


def match_labels(truth: Labels, predicted: Labels, weight: Weights) -> dict[Hashable, Hashable]:
    """The true label of each predicted one: the one-to-one assignment that is right for the greatest weight.

    There are few true labels, so trying every subset of them is exact and fast.
    """
    cells: Counter[tuple[Hashable, Hashable]] = Counter()
    for key, group in predicted.items():
        if key in truth:
            cells[group, truth[key]] += weight[key]
    labels = sorted({label for _, label in cells}, key=repr)
    best: dict[int, tuple[float, dict[Hashable, Hashable]]] = {0: (0.0, {})}
    for group in sorted({group for group, _ in cells}, key=repr):
        for taken, (right, choice) in list(best.items()):
            for index, label in enumerate(labels):
                bit = 1 << index
                more = right + cells[group, label]
                if not taken & bit and more > best.get(taken | bit, (-1.0, {}))[0]:
                    best[taken | bit] = more, {**choice, group: label}
    return max(best.values(), key=lambda entry: entry[0])[1]


@dataclass(frozen=True)
class Bin:
    """A bin of a reliability table: number of predictions, mean confidence, share that is right."""

    lower: float
    count: int
    confidence: float
    accuracy: float


def reliability(predictions: Sequence[tuple[float, bool]], edges: Sequence[float]) -> list[Bin]:
    """Group predictions, each a confidence and whether it is right, into bins; `edges` are the bins' lower limits."""
    bins: dict[float, list[tuple[float, bool]]] = {}
    for confidence, right in predictions:
        bins.setdefault(max(edge for edge in edges if edge <= confidence), []).append((confidence, right))
    return [
        Bin(
            edge, len(entries), _mean([confidence for confidence, _ in entries]), _mean([right for _, right in entries])
        )
        for edge, entries in sorted(bins.items())
    ]


def calibration_error(bins: Sequence[Bin]) -> float:
    """Expected calibration error: the mean difference of confidence and accuracy over predictions."""
    return sum(b.count * abs(b.confidence - b.accuracy) for b in bins) / sum(b.count for b in bins)


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def _pairs(table: Table) -> int:
    return sum(comb(n, 2) for n in table.values())


def _entropy(table: Table) -> float:
    total = table.total()
    return -sum(n / total * log(n / total) for n in table.values() if n)


def _tables(
    truth: Labels, predicted: Labels, weight: Mapping[Hashable, int] | None = None
) -> tuple[Table, Table, Table]:
    cells: Table = Counter()
    for key, label in truth.items():
        cells[label, predicted[key]] += weight[key] if weight else 1
    rows: Table = Counter()
    columns: Table = Counter()
    for (label, group), n in cells.items():
        rows[label] += n
        columns[group] += n
    return cells, rows, columns
