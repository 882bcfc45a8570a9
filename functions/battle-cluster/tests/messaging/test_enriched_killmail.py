"""Enriched killmails as events and as lines of a batch."""

from decimal import Decimal
from pathlib import Path

import pytest
from enriched_builders import enriched_killmail
from msgspec import DecodeError, Struct
from pydantic import BaseModel

from battle_cluster.messaging.enriched_killmail import (
    BatchAttacker,
    BatchLine,
    BatchVictim,
    EntityName,
    ShipType,
    SolarSystem,
    from_event,
    names_of,
    read_lines,
)
from battlescope_schemas.enriched import EnrichedAttacker, EnrichedKillmail, EnrichedVictim

EXAMPLES = Path(__file__).parents[4] / "shared-schemas" / "examples" / "enriched-killmail"


def test_names_of_pilots_ships_and_locations_are_read() -> None:
    names = names_of(enriched_killmail(7, 3, (1, 1), [(11, 2)]))
    expected = {EntityName("character", 90_000_011, "Pilot 11"), EntityName("ship_type", 587, "Rifter")}
    assert expected | {EntityName("region", 10_000_002, "The Forge")} <= names


def test_groups_of_ships_and_facts_of_the_system_are_read() -> None:
    payload = enriched_killmail(7, 3, (1, 1), [(11, 2)])
    attackers = tuple(attacker.model_copy(update={"ship_group_id": 25}) for attacker in payload.attackers)
    victim = payload.victim.model_copy(update={"ship_type_id": 670, "ship_group_id": 29, "ship_group_name": "Capsule"})
    update = {"attackers": attackers, "victim": victim, "awox": True, "constellation_name": "Kimotoro"}
    payload = payload.model_copy(update=update)
    incoming = from_event(payload)
    system = SolarSystem(payload.system_id, payload.constellation_id, payload.security_status, None)
    assert incoming.facts == {ShipType(587, 25), ShipType(670, 29), system}
    update = {"system_effect": "Pulsar", "adjacent_system_ids": (3,), "nearby_system_ids": (3, 4)}
    complete = system._replace(system_effect="Pulsar", adjacent_system_ids=(3,), nearby_system_ids=(3, 4))
    assert complete in from_event(payload.model_copy(update=update)).facts
    places = {
        EntityName("constellation", payload.constellation_id, "Kimotoro"),
        EntityName("ship_group", 29, "Capsule"),
    }
    assert places <= incoming.names
    assert incoming.killmail.flags == (False, False, True)


def test_lines_are_read_as_events_are() -> None:
    payloads = [EnrichedKillmail.model_validate_json(path.read_text()) for path in sorted(EXAMPLES.glob("*.json"))]
    payloads += [
        enriched_killmail(
            7, 3, (1, 1), [(11, 2), (12, 3)], nearby_system_ids=(30_000_144,), adjacent_system_ids=(30_000_144,)
        )
    ]
    lines = "\n".join(payload.model_dump_json(by_alias=True, exclude_none=True) for payload in payloads)
    assert len(payloads) > 1
    assert list(read_lines(lines.encode())) == [from_event(payload) for payload in payloads]


@pytest.mark.parametrize(("stated", "value"), [("1.50", 1.5), ("-1.00", 0.0)])
def test_negative_value_is_unknown_and_lowers_no_battle(stated: str, value: float) -> None:
    update = {"zkb_total_value": Decimal(stated)}
    payload = enriched_killmail(7, 3, (1, 1), [(11, 2)]).model_copy(update=update)
    line = payload.model_dump_json(by_alias=True, exclude_none=True)
    assert [from_event(payload).killmail.value, *(read.killmail.value for read in read_lines(line.encode()))] == [
        value,
        value,
    ]


@pytest.mark.parametrize(
    ("struct", "model"),
    [(BatchLine, EnrichedKillmail), (BatchVictim, EnrichedVictim), (BatchAttacker, EnrichedAttacker)],
)
def test_lines_have_fields_of_the_models_under_their_wire_names(struct: type[Struct], model: type[BaseModel]) -> None:
    wire_names = {name: field.alias for name, field in model.model_fields.items()}
    for name, wire_name in zip(struct.__struct_fields__, struct.__struct_encode_fields__, strict=True):
        assert wire_names[name] == wire_name


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('"killmailId":"7"', '"killmailId":"-7"'),
        ('"killmailId":"7"', '"killmailId":"9223372036854775808"'),
        ('"killmailId":"7",', ""),
        ('"securityType":"', '"securityType":"not-'),
        ("{", "["),
    ],
)
def test_line_that_is_no_enriched_killmail_is_an_error(before: str, after: str) -> None:
    line = enriched_killmail(7, 3, (1, 1), [(11, 2)]).model_dump_json(by_alias=True, exclude_none=True)
    assert before in line
    with pytest.raises(DecodeError):
        list(read_lines(line.replace(before, after, 1).encode()))
