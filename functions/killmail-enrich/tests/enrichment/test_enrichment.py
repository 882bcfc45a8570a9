"""Combining reference, killmail, static data and names; the result equals, byte for byte, the JSON of its model."""

import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from awkward_killmails import awkward_killmails, needs_shared, real_killmails
from awkward_killmails import killmail_id as id_of
from minimal_killmail import REFERENCE, body
from msgspec import Struct
from pydantic import BaseModel, TypeAdapter

from battlescope_schemas.enriched import EnrichedAttacker, EnrichedKillmail, EnrichedVictim
from battlescope_schemas.killmail import ArchivedKillmail, InvalidKillmail, read_killmail
from battlescope_schemas.reference import KillmailReference
from battlescope_schemas.reference_lines import line_of
from killmail_enrich.enrichment.enrichment import EnrichedLine, PartyLine, encode, enrich, entity_ids, type_ids
from killmail_enrich.enrichment.locations import ItemType, Location

LOCATION = Location(
    30000001, "Tanoo", 20000001, 10000001, "Derelik", 0.86, (30000002, 30000003), adjacent_system_ids=(30000002,)
)
TYPES = {587: ItemType(587, "Rifter", 25, "Frigate", 6), 35832: ItemType(35832, "Astrahus", 1657, "Citadel", 65)}
ATTACKERS = TypeAdapter(tuple[EnrichedAttacker, ...])
AWKWARD_LOCATIONS = (
    Location(30000001, "Tanoo", 20000001, 10000001, "Derelik", 0.858324, (30000002, 30000003)),
    Location(31000001, "J000001", 21000001, 11000001, "", -1.0, (), wormhole_class=5, sun_name="Wolf-Rayet Star"),
)
AWKWARD_TYPES = {
    587: ItemType(587, "Rifter", 25, "Frigate", 6),
    35832: ItemType(35832, 'The "Big" \\ Astrahus\t\u2028é\U0001f680', 1657, "Citadel", 65),
    424242: ItemType(424242, None, 424242, None, None),
}


def read(raw: dict[str, Any]) -> ArchivedKillmail:
    return read_killmail(json.dumps(raw).encode())


def enriched(raw: dict[str, Any], names: dict[int, str] | None = None) -> EnrichedKillmail:
    line = enrich(line_of(REFERENCE), read(raw), LOCATION, TYPES, names or {})
    return EnrichedKillmail.model_validate_json(encode(line))


def test_names_location_and_types_are_combined() -> None:
    killmail = enriched(body(), names={1: "Vera", 98000001: "One", 500001: "Caldari State"})
    location = (killmail.system_name, killmail.region_name, killmail.nearby_system_ids)
    assert location == ("Tanoo", "Derelik", (30000002, 30000003))
    assert (killmail.adjacent_system_ids, killmail.system_effect) == ((30000002,), None)
    victim = killmail.victim
    assert (victim.character_name, victim.faction_name) == ("Vera", "Caldari State")
    assert (victim.ship_type_name, victim.ship_group_name, victim.ship_category_id) == ("Rifter", "Frigate", 6)
    assert [attacker.corporation_name for attacker in killmail.attackers] == ["One", None]
    assert [attacker.ship_type_name for attacker in killmail.attackers] == ["Astrahus", None]
    assert (killmail.attacker_count, killmail.npc, killmail.solo, killmail.awox) == (2, False, False, False)


def test_structure_among_the_attackers_prevents_solo() -> None:
    assert not enriched(body()).solo
    one_pilot = body(attackers=[{"character_id": 90000002, "ship_type_id": 587, "final_blow": True}])
    assert enriched(one_pilot).solo


def test_value_comes_from_zkb_then_from_the_reference_within_the_column_limit() -> None:
    assert enriched(body(zkb={"totalValue": 9.999, "points": 3})).zkb_total_value == Decimal("10.00")
    assert enriched(body()).zkb_total_value == Decimal("5.01")
    too_much = REFERENCE.model_copy(update={"isk_value": Decimal("1e30")})
    assert enrich(line_of(too_much), read(body()), LOCATION, TYPES, {}).zkb_total_value is None


def test_ids_to_look_up() -> None:
    killmail = read(body())
    assert entity_ids(killmail) == {1, 98000001, 500001, 90000002, 1000125}
    assert type_ids(killmail) == {587, 35832}


def reference(raw: bytes) -> KillmailReference:
    return KillmailReference(
        killmail_id=id_of(raw),
        zkb_hash="a" * 40,
        killmail_time=datetime(2026, 11, 1, 20, tzinfo=UTC),
        system_id=30000001,
        isk_value=Decimal("5.005"),
        zkb_url="https://zkillboard.com/kill/7/",
        source="historical",
        archive_key="pack#0+1",
    )


def readable(raw_killmails: Iterable[bytes]) -> Iterator[tuple[KillmailReference, ArchivedKillmail]]:
    """Those that are killmails, each with a reference to it."""
    for raw in raw_killmails:
        try:
            yield reference(raw), read_killmail(raw)
        except InvalidKillmail:
            continue


def assert_equals_model(reference: KillmailReference, killmail: ArchivedKillmail) -> None:
    all_ids = sorted(entity_ids(killmail))
    for location in AWKWARD_LOCATIONS:
        for named_ids in ([], all_ids, all_ids[::2]):
            names = {i: f'Ñame \\ "of" {i} \x07\x7f' for i in named_ids}
            line = enrich(line_of(reference), killmail, location, AWKWARD_TYPES, names)
            model = EnrichedKillmail.model_validate_json(encode(line))
            assert encode(line) == model.model_dump_json(by_alias=True, exclude_none=True).encode()
            attackers = ATTACKERS.dump_json(model.attackers, by_alias=True, exclude_none=True)
            assert bytes(line.attackers) == attackers


@pytest.mark.parametrize(("struct", "model"), [(EnrichedLine, EnrichedKillmail)])
def test_line_has_the_fields_of_the_model_in_its_order(struct: type[Struct], model: type[BaseModel]) -> None:
    assert struct.__struct_fields__ == tuple(model.model_fields)
    assert struct.__struct_encode_fields__ == tuple(str(field.alias) for field in model.model_fields.values())


@pytest.mark.parametrize("model", [EnrichedVictim, EnrichedAttacker])
def test_party_line_has_the_fields_of_both_models_in_their_order(model: type[BaseModel]) -> None:
    assert [name for name in PartyLine.__struct_fields__ if name in model.model_fields] == list(model.model_fields)


def test_awkward_killmails_are_encoded_as_by_the_model() -> None:
    killmails = list(readable(awkward_killmails()))
    assert len(killmails) > 15
    for reference_, archived in killmails:
        assert_equals_model(reference_, archived)


@pytest.mark.shared
@needs_shared
def test_real_killmails_are_encoded_as_by_the_model() -> None:
    for reference_, archived in readable(real_killmails(1500)):
        assert_equals_model(reference_, archived)
