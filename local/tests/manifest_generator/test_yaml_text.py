from collections.abc import Mapping

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from battlescope_local.manifest_generator.yaml_text import MAX_COLUMNS, Commented, Node, documents_text

comments = st.none() | st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1).filter(str.strip)
scalars = st.text(max_size=30) | st.integers() | st.booleans()
keys = st.text(min_size=1, max_size=12)


def commented(values: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    return values | st.builds(Commented, values.filter(lambda value: not isinstance(value, Commented)), comments)


nodes = st.recursive(
    commented(scalars),
    lambda children: commented(st.lists(children, max_size=3)) | commented(st.dictionaries(keys, children, max_size=3)),
    max_leaves=12,
)


def plain(node: Node) -> object:
    value = node.value if isinstance(node, Commented) else node
    if isinstance(value, Mapping):
        return {key: plain(member) for key, member in value.items()}
    return value if isinstance(value, str | int) else [plain(item) for item in value]


@given(st.lists(commented(st.dictionaries(keys, nodes, min_size=1, max_size=4)), min_size=1, max_size=3), comments)
def test_yaml_reads_back_what_was_written(documents: list[Node], header: str | None) -> None:
    text = documents_text(header or "Generated.", documents)
    assert list(yaml.load_all(text, Loader=yaml.CSafeLoader)) == [plain(document) for document in documents]


def test_comments_stand_above_what_they_explain() -> None:
    document: Node = Commented(
        {
            "a": Commented("1", "Why a."),
            "list": [Commented({"name": "x"}, "Why x."), {"name": Commented("y", "Why y."), "z": []}],
        },
        "The document.",
    )
    assert documents_text("Generated.", [document, {"b": True}]) == (
        '# Generated.\n# The document.\n# Why a.\na: "1"\nlist:\n'
        "  # Why x.\n  - name: x\n  # Why y.\n  - name: y\n    z: []\n"
        "---\nb: true\n"
    )  # fmt: skip


@pytest.mark.parametrize("text", ["1e3", "0x1f", "0o17", "1_000", ".5", "on", "2026-01-01", "12:30"])
def test_text_that_looks_like_another_type_is_quoted(text: str) -> None:
    assert documents_text("Generated.", [{"value": text}]).endswith(f'value: "{text}"\n')


@pytest.mark.parametrize("text", ["1m", "128Mi", "60s", "10.0.0.0/8", "sha256:12e4", "v1"])
def test_quantities_are_not_quoted(text: str) -> None:
    assert documents_text("Generated.", [{"value": text}]).endswith(f"value: {text}\n")


def test_long_comments_are_wrapped_at_words() -> None:
    text = documents_text("word-with-hyphens " * 30, [{"a": 1}])
    assert max(map(len, text.splitlines())) <= MAX_COLUMNS
    assert {word for line in text.splitlines()[:-1] for word in line.split()} == {"#", "word-with-hyphens"}
