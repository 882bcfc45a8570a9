"""Figures of searches: counts by outcome, and quantiles of the latest ones."""

from search_api.domain.engine_name import EngineName
from search_api.domain.search_figures import MEASURED, Operation, Outcome, SearchFigures

POSTGRES, TYPESENSE = EngineName.POSTGRES, EngineName.TYPESENSE


def test_quantiles_are_nearest_ranks() -> None:
    figures = SearchFigures()
    for milliseconds in range(100, 0, -1):
        figures.count(Operation.SHIPS, POSTGRES, Outcome.FOUND, milliseconds)
    (ships,) = figures.report()
    assert (ships.p50, ships.p95, ships.p99) == (50, 95, 99)


def test_one_search_is_every_quantile() -> None:
    figures = SearchFigures()
    figures.count(Operation.SHIPS, POSTGRES, Outcome.EMPTY, 7)
    (ships,) = figures.report()
    assert (ships.p50, ships.p95, ships.p99) == (7, 7, 7)


def test_engines_and_operations_are_counted_apart() -> None:
    figures = SearchFigures()
    figures.count(Operation.ENTITIES, TYPESENSE, Outcome.FOUND, 3)
    figures.count(Operation.ENTITIES, POSTGRES, Outcome.FOUND, 5)
    figures.count(Operation.BATTLES, TYPESENSE, Outcome.FAILED, 5000)
    report = {(row.operation, row.engine): row for row in figures.report()}
    assert report[Operation.ENTITIES, TYPESENSE].counts[Outcome.FOUND] == 1
    assert report[Operation.ENTITIES, POSTGRES].p95 == 5
    assert report[Operation.BATTLES, TYPESENSE].counts == {
        Outcome.FOUND: 0, Outcome.EMPTY: 0, Outcome.KEPT: 0, Outcome.FAILED: 1,
    }  # fmt: skip


def test_kept_answers_are_counted_and_not_timed() -> None:
    figures = SearchFigures()
    figures.count(Operation.SYSTEMS, POSTGRES, Outcome.KEPT, 0.1)
    (systems,) = figures.report()
    assert (systems.counts[Outcome.KEPT], systems.p50) == (1, None)


def test_quantiles_forget_old_searches_and_counts_do_not() -> None:
    figures = SearchFigures()
    for milliseconds in (1000.0, *[1.0] * MEASURED):
        figures.count(Operation.SHIPS, POSTGRES, Outcome.FOUND, milliseconds)
    (ships,) = figures.report()
    assert (ships.p99, ships.counts[Outcome.FOUND]) == (1.0, MEASURED + 1)
