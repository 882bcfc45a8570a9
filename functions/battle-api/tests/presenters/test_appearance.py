"""The cards of shares and the web app draw the same: both read this table of cases (docs/appearance.md)."""

import json
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from battle_api.domain.list_rows import SideRow, TopPartyRow
from battle_api.domain.shares import SharedBattle
from battle_api.presenters.battle_list import side_role
from battle_api.presenters.share.arrangement import arrange
from battle_api.presenters.share.emblem import emblem
from battlescope_local.devtools.project import ROOT

CASES: dict[str, list[dict[str, Any]]] = json.loads((ROOT / "docs" / "appearance-cases.json").read_text())
ID = UUID(int=1)
ROLE_OF = {side_role(role).value: role for role in ("side", "third-party", "kill-stealer")}


@pytest.mark.parametrize("case", CASES["emblems"], ids=lambda case: f"{case['type']}-{case['id']}")
def test_emblem_is_that_of_the_web_app(case: dict[str, Any]) -> None:
    svg = emblem(case["type"], int(case["id"]), 0, 0)
    assert f'rx="2.6" fill="{case["ground"]}"' in svg
    assert f'<path d="{case["path"]}" fill="{case["figure"]}"' in svg


@pytest.mark.parametrize("case", CASES["arrangements"], ids=lambda case: case["why"])
def test_sides_stand_as_in_the_web_app(case: dict[str, Any]) -> None:
    sides = [SideRow(ID, number, 1, 1, Decimal(1), None) for number, _ in case["sides"]]
    parties = [
        TopPartyRow(ID, number, "alliance", 99000000 + number, ROLE_OF[role], 1, 1, None, None)
        for number, role in case["sides"]
    ]
    arranged = arrange(SharedBattle(None, sides, parties, [], 0, []))
    left, right = (side.side_id if side else None for side in (arranged.left, arranged.right))
    assert (left, [side.side_id for side in arranged.others], right) == (case["left"], case["others"], case["right"])
