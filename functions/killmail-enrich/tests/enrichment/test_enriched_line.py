"""An enriched line equals, byte for byte, the JSON of its model."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from awkward_killmails import awkward_killmails, needs_shared, real_killmails
from awkward_killmails import killmail_id as id_of
from msgspec import Struct
from pydantic import BaseModel, TypeAdapter

from battlescope_events.errors import PermanentError
from battlescope_schemas.enriched import EnrichedAttacker, EnrichedKillmail, EnrichedVictim
from battlescope_schemas.killmail import ArchivedKillmail
from battlescope_schemas.reference import KillmailReference
from killmail_enrich.enrichment.archived_killmail import read_archived_killmail
from killmail_enrich.enrichment.enriched_line import EnrichedLine, PartyLine, encode
from killmail_enrich.enrichment.enrichment import enrich, entity_ids
from killmail_enrich.enrichment.locations import ItemType, Location

ATTACKERS = TypeAdapter(tuple[EnrichedAttacker, ...])
LOCATIONS = (
    Location(30000001, "Tanoo", 20000001, 10000001, "Derelik", 0.858324, (30000002, 30000003)),
    Location(31000001, "J000001", 21000001, 11000001, "", -1.0, ()),
)
TYPES = {
    587: ItemType(587, "Rifter", 25, "Frigate", 6),
    35832: ItemType(35832, 'The "Big" \\ Astrahus\t\u2028é\U0001f680', 1657, "Citadel", 65),
    424242: ItemType(424242, None, 424242, None, None),
}


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
            yield reference(raw), read_archived_killmail(reference(raw), raw)
        except PermanentError:
            continue


def assert_equals_model(reference: KillmailReference, killmail: ArchivedKillmail) -> None:
    all_ids = sorted(entity_ids(killmail))
    for location in LOCATIONS:
        for named_ids in ([], all_ids, all_ids[::2]):
            names = {i: f'Ñame \\ "of" {i} \x07\x7f' for i in named_ids}
            line = enrich(reference, killmail, location, TYPES, names)
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
