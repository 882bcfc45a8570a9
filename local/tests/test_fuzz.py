"""The short form of `make fuzz`: mutated killmails through the reader, and through the whole flow."""

from collections.abc import Callable
from pathlib import Path

import pytest
from fuzz import fuzz_flow, fuzz_reader


def test_mutated_killmails_are_read_or_refused_with_a_sentence() -> None:
    outcomes = fuzz_reader(3_000, seed=1)
    assert sum(outcomes.values()) == 3_000
    assert min(outcomes["killmail"], outcomes["refused"], outcomes["no JSON"]) > 300


@pytest.mark.e2e
def test_mutated_files_crash_nothing_and_cost_no_neighbour(nobodys_folder: Callable[[], Path]) -> None:
    figures = fuzz_flow(120, 3, nobodys_folder() / "fuzz")
    assert figures["neighbours"] == 24
    for name in (
        *("lost_neighbours", "accepted_not_enriched", "enriched_not_clustered", "refused_without_dead_letter"),
        *("other_dead_letters", "server_errors", "errors_in_logs"),
    ):
        assert figures[name] == 0, figures
    assert figures["refused"] > 10
    assert figures["waiting_for_static_data"] > 0
