"""How well a grouping matches the truth: pairs, B-cubed, adjusted Rand index."""

from collections import Counter
from collections.abc import Hashable, Mapping
from math import comb

Labels = Mapping[Hashable, Hashable]


def pairwise_f1(truth: Labels, found: Labels) -> float:
    both, true, guessed = (_pairs(c) for c in _tables(truth, found))
    if true == guessed == 0:
        return 1.0
    return 2 * both / (true + guessed)


def b_cubed_f1(truth: Labels, found: Labels) -> float:
    cells, rows, columns = _tables(truth, found)
    precision = sum(n * n / columns[f] for (_, f), n in cells.items()) / sum(cells.values())
    recall = sum(n * n / rows[t] for (t, _), n in cells.items()) / sum(cells.values())
    return 2 * precision * recall / (precision + recall)


def adjusted_rand(truth: Labels, found: Labels, weight: Mapping[Hashable, int] | None = None) -> float:
    cells, rows, columns = _tables(truth, found, weight)
    both, true, guessed = _pairs(cells), _pairs(rows), _pairs(columns)
    total = comb(sum(cells.values()), 2)
    expected = true * guessed / total if total else 0
    highest = (true + guessed) / 2
    return 1.0 if highest == expected else (both - expected) / (highest - expected)


def _pairs(table: Counter[Hashable]) -> int:
    return sum(comb(n, 2) for n in table.values())


def _tables(
    truth: Labels, found: Labels, weight: Mapping[Hashable, int] | None = None
) -> tuple[Counter[Hashable], Counter[Hashable], Counter[Hashable]]:
    cells: Counter[Hashable] = Counter()
    for key, label in truth.items():
        cells[label, found[key]] += weight[key] if weight else 1
    rows: Counter[Hashable] = Counter()
    columns: Counter[Hashable] = Counter()
    for (label, group), n in cells.items():
        rows[label] += n
        columns[group] += n
    return cells, rows, columns
