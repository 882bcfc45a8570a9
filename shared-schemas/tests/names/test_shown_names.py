import pytest

from battlescope_schemas.entity import EntityType
from battlescope_schemas.names.shown_names import UNKNOWN, NamedKind, shown_name, unknown_name


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (EntityType.CHARACTER, "Unknown Character #7"),
        ("corporation", "Unknown Corporation #7"),
        ("ship_type", "Unknown Ship #7"),
        ("ship_group", "Unknown Ship Group #7"),
        ("item_type", "Unknown Item #7"),
        ("constellation", "Unknown Constellation #7"),
    ],
)
def test_unknown_name_has_the_kind_and_the_id(kind: str, text: str) -> None:
    assert unknown_name(kind, 7) == text
    assert shown_name(kind, "7", None) == shown_name(kind, 7, "") == text
    assert shown_name(kind, 7, "Known") == "Known"
    assert shown_name(kind, None, None) is None


def test_every_kind_of_entity_is_a_named_kind() -> None:
    assert {kind.value for kind in EntityType} <= {kind.value for kind in NamedKind} == UNKNOWN.keys()


def test_other_kinds_are_refused() -> None:
    with pytest.raises(KeyError, match="planet"):
        unknown_name("planet", 7)
