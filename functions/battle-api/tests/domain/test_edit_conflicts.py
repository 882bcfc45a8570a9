"""Conflicts between edits."""

from typing import Any
from uuid import UUID

import pytest

from battle_api.domain.edit_conflicts import ActiveEdit, find_conflict

EDIT_ID = UUID(int=1)


@pytest.mark.parametrize(
    ("kind", "killmails", "data", "active", "expected"),
    [
        ("split", [1, 2, 3], {"groups": [[1], [2, 3]]}, ActiveEdit(EDIT_ID, "tag", [1, 2], {}), "holds some"),
        ("split", [1, 2, 3], {"groups": [[1], [2, 3]]}, ActiveEdit(EDIT_ID, "tag", [2, 9, 3], {}), ""),
        (
            "split",
            [1, 2, 3],
            {"groups": [[1], [2, 3]]},
            ActiveEdit(EDIT_ID, "split", [1, 2], {"groups": [[1], [2]]}),
            "",
        ),
        ("tag", [1, 7, 3], {}, ActiveEdit(EDIT_ID, "split", [1, 2, 3], {"groups": [[1], [2, 3]]}), "keeps some"),
        ("tag", [1, 7], {}, ActiveEdit(EDIT_ID, "split", [1, 2, 3], {"groups": [[1], [2, 3]]}), ""),
        ("tag", [1, 7], {}, ActiveEdit(EDIT_ID, "exclude", [7], {}), "excludes one"),
        ("exclude", [7], {}, ActiveEdit(EDIT_ID, "tag", [1, 7], {}), ""),
    ],
)
def test_conflicts_between_two_edits(
    kind: str, killmails: list[int], data: dict[str, Any], active: ActiveEdit, expected: str
) -> None:
    conflict = find_conflict(kind, killmails, data, [active])
    assert expected in conflict
    assert bool(conflict) == bool(expected)
