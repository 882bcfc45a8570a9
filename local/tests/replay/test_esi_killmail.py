from typing import Any

import pytest

from battle_cluster.domain.killmail import Party, PartyKind, party_of
from battlescope_local.replay.esi_killmail import ParsedKillmail, StaticData, build_killmail, parse_killmail, summarize
from battlescope_schemas.killmail import InvalidKillmail

STATIC = StaticData({587: (25, 6)}, {30_000_142: frozenset({30_000_144})})
PILOT, CORPORATION, NPC_CORPORATION, AGENT = 90_000_001, 98_000_001, 1_000_006, 3_019_581


def body(**changes: Any) -> dict[str, Any]:
    victim = {"character_id": PILOT, "corporation_id": CORPORATION, "ship_type_id": 587, "damage_taken": 70}
    attackers = [
        {"character_id": 90_000_002, "alliance_id": 99, "damage_done": 50, "final_blow": True, "ship_type_id": 588},
        {"corporation_id": NPC_CORPORATION, "character_id": AGENT, "damage_done": 20, "final_blow": False},
    ]
    return {
        "killmail_id": 7, "killmail_time": "2021-11-28T10:21:00Z", "solar_system_id": 30_000_142,
        "victim": victim, "attackers": attackers, **changes,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("ids", "party"),
    [
        ((PILOT, 98, 99, None), Party(PartyKind.ALLIANCE, 99)),
        ((PILOT, 98, None, None), Party(PartyKind.CORPORATION, 98)),
        ((PILOT, NPC_CORPORATION, None, 500_001), Party(PartyKind.FACTION, 500_001)),
        ((PILOT, NPC_CORPORATION, None, None), Party(PartyKind.CHARACTER, PILOT)),
        ((None, 1_000_125, None, 500_001), None),
        ((AGENT, 1_000_125, None, None), None),
        ((None, CORPORATION, None, None), Party(PartyKind.CORPORATION, CORPORATION)),
    ],
)
def test_who_somebody_fights_for(ids: tuple[int | None, int | None, int | None, int | None], party: Party) -> None:
    assert party_of(*ids) == party


def test_a_body_becomes_the_mail_it_tells() -> None:
    mail = build_killmail(parse_killmail(body()), STATIC, 5.0)
    assert (mail.killmail_id, mail.time, mail.system_id, mail.value) == (7, 1_638_094_860, 30_000_142, 5.0)
    assert mail.nearby_system_ids == {30_000_144}
    assert (mail.victim.ship_group_id, mail.victim.ship_category_id) == (25, 6)
    assert mail.victim.party == Party(PartyKind.CORPORATION, CORPORATION)
    assert [attacker.character_id for attacker in mail.attackers] == [90_000_002, None]
    assert [attacker.damage_done for attacker in mail.attackers] == [50, 20]
    assert mail.attackers[0].final_blow


def test_a_sketch_agrees_with_its_mail() -> None:
    found = parse_killmail(body())
    mail, drawn = build_killmail(found, STATIC, 0), summarize(found, STATIC)
    for name in ("killmail_id", "time", "system_id", "victim", "pilot_ids", "has_attacking_player",
                 "attacking_corporations", "nearby_system_ids"):  # fmt: skip
        assert getattr(drawn, name) == getattr(mail, name), name


@pytest.mark.parametrize(
    ("zkb", "value"),
    [
        ({"totalValue": 1.5}, 1.5),
        ({"totalValue": 0}, 0.0),
        ({}, None),
        (None, None),
        ({"totalValue": "much"}, None),
        ({"totalValue": -1}, None),
    ],
)
def test_a_value_is_what_somebody_said_or_nothing(zkb: Any, value: float | None) -> None:
    assert parse_killmail(body(zkb=zkb)).value == value


def test_a_time_without_a_zone_is_eve_time() -> None:
    assert parse_killmail(body(killmail_time="2021-11-28T10:21:00")).time == parse_killmail(body()).time


@pytest.mark.parametrize(
    "wrong",
    [
        {"killmail_id": None},
        {"killmail_id": 0},
        {"killmail_id": "7"},
        {"killmail_time": "yesterday"},
        {"killmail_time": 7},
        {"solar_system_id": 1.5},
        {"victim": None},
        {"victim": {"character_id": 7}},
        {"victim": {"ship_type_id": 587, "alliance_id": "99"}},
        {"attackers": 7},
        {"attackers": [7]},
        {"attackers": [{"character_id": [7]}]},
        {"attackers": [{"damage_done": None}]},
    ],
)
def test_what_is_no_killmail_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(InvalidKillmail):
        parse_killmail(body(**wrong))


def test_a_missing_part_is_named() -> None:
    with pytest.raises(InvalidKillmail, match="victim"):
        parse_killmail({"killmail_id": 7})


def test_a_plain_body_survives_being_a_tuple() -> None:
    found = parse_killmail(body())
    assert ParsedKillmail(*tuple(found)) == found
