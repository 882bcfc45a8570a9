"""YAML means the same to every parser that reads it, or is an error."""

import pytest

from battlescope_local.manifests import ManifestError
from battlescope_local.manifests.kustomize.yaml_documents import parse_documents


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\na: 2", "x.yaml: line 2: a key must be text and stand once"),
        ("a: [{b: 1, b: 2}]", "line 1: a key must be text and stand once"),
        ("{a: 1}: 2", "a key must be text"),
        ("a: yes", "yes differs between YAML 1.1 and 1.2; put it in quotes"),
        ("a: Off", "Off differs"),
        ("a: 0755", "0755 differs"),
        ("a: 12:30", "12:30 differs"),
        ("a: 1_000", "1_000 differs"),
        ("a: [1", "x.yaml: is not YAML"),
        ("a: !!python/name:os.system x", "x.yaml: is not YAML"),
    ],
)
def test_ambiguous_text_is_an_error(text: str, message: str) -> None:
    with pytest.raises(ManifestError, match=message):
        list(parse_documents(text, "x.yaml"))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2026-01-01", "2026-01-01"),
        ("'yes'", "yes"),
        ("true", True),
        ("0", 0),
        ("0.5", 0.5),
        ('"0 3-12 * * *"', "0 3-12 * * *"),
        ("1.0", 1.0),
    ],
)
def test_other_scalars_are_those_of_json(text: str, value: object) -> None:
    assert list(parse_documents(f"---\n---\na: {text}\n", "x.yaml")) == [{"a": value}]
