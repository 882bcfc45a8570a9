"""Combining reference, killmail, static data and names."""

import json
from decimal import Decimal
from typing import Any

from minimal_killmail import REFERENCE, body

from battlescope_schemas.enriched import EnrichedKillmail
from battlescope_schemas.killmail import ArchivedKillmail, read_killmail
from killmail_enrich.enrichment.enriched_line import encode
from killmail_enrich.enrichment.enrichment import enrich, entity_ids, type_ids
from killmail_enrich.enrichment.locations import ItemType, Location

LOCATION = Location(30000001, "Tanoo", 20000001, 10000001, "Derelik", 0.86, (30000002,))
TYPES = {587: ItemType(587, "Rifter", 25, "Frigate", 6), 35832: ItemType(35832, "Astrahus", 1657, "Citadel", 65)}


def read(raw: dict[str, Any]) -> ArchivedKillmail:
    return read_killmail(json.dumps(raw).encode())


def enriched(raw: dict[str, Any], names: dict[int, str] | None = None) -> EnrichedKillmail:
    return EnrichedKillmail.model_validate_json(encode(enrich(REFERENCE, read(raw), LOCATION, TYPES, names or {})))


def test_names_location_and_types_are_combined() -> None:
    killmail = enriched(body(), names={1: "Vera", 98000001: "One", 500001: "Caldari State"})
    location = (killmail.system_name, killmail.region_name, killmail.nearby_system_ids)
    assert location == ("Tanoo", "Derelik", (30000002,))
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
    assert enrich(too_much, read(body()), LOCATION, TYPES, {}).zkb_total_value is None


def test_ids_to_look_up() -> None:
    killmail = read(body())
    assert entity_ids(killmail) == {1, 98000001, 500001, 90000002, 1000125}
    assert type_ids(killmail) == {587, 35832}
