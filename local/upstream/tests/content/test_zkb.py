"""The `zkb` block by zKillboard's rules."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from battlescope_upstream.content.reference_data import reference_from_universe, reference_from_zip
from battlescope_upstream.content.zkb import build_zkb
from battlescope_upstream.simulation.feed import SimulatedFeed
from battlescope_upstream.simulation.universe import make_universe

UNIVERSE = make_universe(7)
REFERENCE = reference_from_universe(UNIVERSE)
PLAYER = {"character_id": 90_000_001, "corporation_id": 98_000_001, "ship_type_id": 587, "damage_done": 5}
RAT = {"corporation_id": 1_000_127, "ship_type_id": 11029, "damage_done": 5, "final_blow": False}


def _zkb(*attackers: dict[str, Any], ship: int = 587, system: int | None = None, **victim: Any) -> dict[str, Any]:
    body = {
        "killmail_id": 1,
        "killmail_time": "2026-01-07T19:33:33Z",
        "solar_system_id": system or UNIVERSE.in_space("lowsec")[3].system_id,
        "attackers": [{"final_blow": number == 0, **a} for number, a in enumerate(attackers)],
        "victim": {"ship_type_id": ship, "corporation_id": 98_000_002, "items": [], **victim},
    }
    return build_zkb(body, "ab" * 20, REFERENCE, "https://esi.evetech.net")


def test_solo_npc_and_awox() -> None:
    solo, gang = _zkb(PLAYER, RAT), _zkb(PLAYER, {**PLAYER, "character_id": 90_000_002})
    assert (solo["solo"], gang["solo"], _zkb(PLAYER, ship=670)["solo"]) == (True, False, False)
    npc_loss = _zkb(RAT)
    assert (npc_loss["npc"], npc_loss["solo"], npc_loss["points"]) == (True, False, 1)
    awox = _zkb(PLAYER, corporation_id=98_000_001)
    assert awox["awox"]
    assert not _zkb(PLAYER, corporation_id=98_000_001, ship=670)["awox"]


def test_labels() -> None:
    assert _zkb(PLAYER)["labels"] == ["tz:eu", "cat:6", "solo", "pvp", "loc:lowsec"]
    crowd = [{**PLAYER, "character_id": 90_000_001 + n} for n in range(12)]
    assert "#:10+" in _zkb(*crowd)["labels"]
    assert "pvp" not in _zkb(RAT)["labels"]
    labels = {"highsec": "loc:highsec", "nullsec": "loc:nullsec", "wormhole": "loc:w-space"}
    for space, label in labels.items():
        system = next(s for s in UNIVERSE.systems if s.space == space and s.security != 0)
        assert label in _zkb(PLAYER, system=system.system_id)["labels"]
    pochven = UNIVERSE.in_space("pochven")[0].system_id
    assert not any(label.startswith("loc:") for label in _zkb(PLAYER, system=pochven)["labels"])


def test_values_add_up_and_nested_items_count() -> None:
    inner = {"item_type_id": 2488, "flag": 0, "singleton": 0, "quantity_dropped": 3}
    fitted = {"item_type_id": 2873, "flag": 27, "singleton": 0, "quantity_destroyed": 1}
    container = {"item_type_id": 11489, "flag": 5, "singleton": 0, "quantity_dropped": 1, "items": [inner]}
    zkb, hull = _zkb(PLAYER, items=[fitted, container]), _zkb(PLAYER)
    assert zkb["totalValue"] == zkb["droppedValue"] + zkb["destroyedValue"]
    assert hull["totalValue"] < zkb["fittedValue"] < zkb["totalValue"]
    assert zkb["totalDroppableValue"] == zkb["totalValue"] - hull["totalValue"]
    assert _zkb(PLAYER, items=[{**container, "items": []}])["droppedValue"] < zkb["droppedValue"]


def test_values_of_a_simulated_feed_are_realistic(simulated_feed: SimulatedFeed) -> None:
    totals = sorted(build_zkb(m.body(), m.hash, REFERENCE, "")["totalValue"] for m in simulated_feed.killmails)
    assert 5e6 < totals[len(totals) // 2] < 2e8
    assert totals[-1] > 1e9
    assert totals[0] < 1e5


@pytest.mark.shared
def test_flags_and_labels_match_real_blocks(shared: Path) -> None:
    reference = reference_from_zip(shared / "sde" / "eve-online-static-data-sample-jsonl.zip")
    with gzip.open(shared / "killmails" / "ocn-zkb.jsonl.gz", "rt") as lines:
        for body in map(json.loads, lines):
            real, ours = body["zkb"], build_zkb(body, body["zkb"]["hash"], reference, "")
            assert {key: ours[key] for key in ("npc", "solo", "awox")} == {k: real[k] for k in ("npc", "solo", "awox")}
            differing = set(real.get("labels", ())) ^ set(ours["labels"])
            assert {label.split(":")[0] for label in differing} <= {
                "isk",
                "fw",
            }  # estimated values, no militias
