"""References in expressions, which decide what is used and what is missing."""

import pytest

from battlescope_local.terraform_checks.expressions import Reference, literals, references


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("${var.name}", [Reference("var", "name", "")]),
        ('"${var.name}-suffix"', [Reference("var", "name", "")]),
        ("${module.server[0].port}", [Reference("module", "server", "port")]),
        (
            "${random_password.role[local.first].result}",
            [Reference("random_password", "role", "result"), Reference("local", "first", "")],
        ),
        ("${data.kubernetes_secret_v1.one.data}", [Reference("data.kubernetes_secret_v1", "one", "data")]),
        ('${format("%s var.none", "${local.inner}")}', [Reference("local", "inner", "")]),
        ('"$${var.escaped}"', []),
        ("string", []),
        ("${each.value.database}", []),
        ({"key": ["${local.deep}"]}, [Reference("local", "deep", "")]),
    ],
)
def test_references_are_found_at_any_depth(value: object, expected: list[Reference]) -> None:
    assert list(references(value)) == expected


def test_literals_stand_alone_and_inside_expressions() -> None:
    assert list(literals(['"whole"', '${setproduct(var.x, ["Read", "Write"])}'])) == ["whole", "Read", "Write"]
