"""The parts of cluster-check that need no Go; `make cluster-check` itself runs nightly."""

from pathlib import Path
from typing import Any

import pytest

from battlescope_local.manifest_checks import cluster_check
from battlescope_local.manifest_checks.cluster_tools import Tools, served_kinds

CRD = {
    "kind": "CustomResourceDefinition",
    "spec": {
        "group": "example.org",
        "names": {"kind": "Thing"},
        "versions": [{"name": "v1", "served": True}, {"name": "v0", "served": False}],
    },
}


TOOLS = Tools(Path(), Path(), Path(), frozenset(served_kinds(CRD)))


def test_without_go_it_is_skipped_with_a_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    assert cluster_check.main() == 0
    assert capsys.readouterr().out.startswith("Skipped: ")


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ({"apiVersion": "v1", "kind": "ConfigMap"}, True),
        ({"apiVersion": "batch/v1", "kind": "Job"}, True),
        ({"apiVersion": "example.org/v1", "kind": "Thing"}, True),
        ({"apiVersion": "example.org/v0", "kind": "Thing"}, False),
        ({"apiVersion": "example.org/v1", "kind": "Other"}, False),
    ],
)
def test_only_served_kinds_have_a_schema(raw: Any, *, expected: bool) -> None:
    assert cluster_check.has_schema(raw, TOOLS) is expected


def test_differing_missing_and_additional_objects_are_named() -> None:
    def config_map(name: str, value: str) -> Any:
        return {"kind": "ConfigMap", "metadata": {"name": name, "namespace": "n"}, "data": {"key": value}}

    own = [config_map("same", "1"), config_map("differs", "1"), config_map("additional", "1")]
    real = [config_map("differs", "2"), config_map("missing", "1"), config_map("same", "1")]
    assert cluster_check.differences(own, real) == [
        f"ConfigMap n {name}" for name in ("additional", "differs", "missing")
    ]
