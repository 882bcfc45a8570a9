"""A serialized killmail of a batch equals, byte for byte, the model of a single killmail."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from awkward_killmails import awkward_killmails, needs_shared, real_killmails
from awkward_killmails import killmail_id as id_of
from pydantic import TypeAdapter

from battlescope_events.errors import PermanentError
from battlescope_schemas.enriched import EnrichedAttacker
from battlescope_schemas.reference import KillmailReference
from killmail_enrich.enrichment.archived_killmail import ArchivedKillmail, read_archived_killmail
from killmail_enrich.enrichment.enrichment import enrich, entity_ids
from killmail_enrich.enrichment.locations import ItemType, Location
from killmail_enrich.enrichment.serialization import serialize

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


def assert_equals_model(reference: KillmailReference, archived: ArchivedKillmail) -> None:
    all_ids = sorted(entity_ids(archived[0]))
    for location in LOCATIONS:
        for named_ids in ([], all_ids, all_ids[::2]):
            names = {i: f'Ñame \\ "of" {i} \x07\x7f' for i in named_ids}
            missing_ids = tuple(set(all_ids) - set(named_ids))
            serialized = serialize(reference, archived, location, TYPES, names, missing_ids=missing_ids)
            model = enrich(reference, archived, location, TYPES, names)
            assert serialized.line == model.model_dump_json(by_alias=True, exclude_none=True).encode()
            assert serialized.killmail == model
            attackers = ATTACKERS.dump_json(model.attackers, by_alias=True, exclude_none=True)
            assert serialized.attackers.encode() == attackers
            assert list(serialized.missing_ids) == [i for i in all_ids if i not in names]


def test_awkward_killmails_are_serialized_as_by_the_model() -> None:
    killmails = list(readable(awkward_killmails()))
    assert len(killmails) > 25
    for reference_, archived in killmails:
        assert_equals_model(reference_, archived)


@pytest.mark.shared
@needs_shared
def test_real_killmails_are_serialized_as_by_the_model() -> None:
    for reference_, archived in readable(real_killmails(1500)):
        assert_equals_model(reference_, archived)
