"""docs/capacity.md is computed, and from figures that were measured."""

import re
from functools import cache

import pytest

from battlescope_local.devtools.project import ROOT
from battlescope_local.manifest_generator.reading import read_project
from battlescope_local.terraform_checks.capacity import COSTS, DOCUMENT, Cost, capacity_document
from battlescope_local.terraform_checks.configuration import Configuration, load_configuration
from battlescope_local.terraform_checks.rules.sizes import function_pods


@cache
def configuration() -> Configuration:
    return load_configuration(ROOT)


def test_document_is_fresh() -> None:
    assert capacity_document(configuration()) == DOCUMENT.read_text(), "run `make generate`"


@pytest.mark.parametrize("cost", COSTS, ids=lambda cost: cost.work)
def test_cost_stands_in_its_section_of_the_measurements(cost: Cost) -> None:
    """A benchmark that is repeated changes the document, or this test fails."""
    text = (ROOT / "BENCHMARKS.md").read_text()
    place = text.index(cost.source)
    assert re.search(rf"\b{re.escape(str(cost.cpu_milliseconds))}\b", text[place : place + 4000])


def test_every_service_has_its_share() -> None:
    """A function that is declared later is in the sum without a change here, with its Service for background work."""
    declared = {part.name for function in read_project(ROOT).functions for part in function.services}
    assert {pod.name for pod in function_pods(configuration(), "production")} == declared
