"""Mails in bulk are, byte for byte, what single mails are."""

from collections.abc import Iterator
from decimal import Decimal

import pytest
from mails import killmail_id as id_of
from mails import needs_shared, raws, real
from pydantic import TypeAdapter

from battlescope_schemas.enriched import EnrichedAttacker
from battlescope_schemas.killmail import Killmail, Zkb
from killmail_enrich.enrichment import archived_killmail
from killmail_enrich.enrichment.archived_killmail import body_of
from killmail_enrich.enrichment.claim_check import Reference
from killmail_enrich.enrichment.enrichment import ReferenceLike, enrich
from killmail_enrich.enrichment.locations import ItemType, Place
from killmail_enrich.enrichment.serialization import draft
from killmail_enrich.errors import Unusable
from killmail_enrich.names.model import Named, entity_ids

ATTACKERS = TypeAdapter(tuple[EnrichedAttacker, ...])
PLACES = (
    Place(30000001, "Tanoo", 20000001, 10000001, "Derelik", 0.858324, (30000002, 30000003)),
    Place(31000001, "J000001", 21000001, 11000001, "", -1.0, ()),
)
TYPES = {
    587: ItemType(587, "Rifter", 25, "Frigate", 6),
    35832: ItemType(35832, 'The "Big" \\ Astrahus\t\u2028é\U0001f680', 1657, "Citadel", 65),
    424242: ItemType(424242, None, 424242, None, None),
}


def reference(raw: bytes, isk_value: str | None = None) -> Reference:
    value = None if isk_value is None else Decimal(isk_value)
    return Reference(id_of(raw), "a" * 40, value, "https://zkillboard.com/kill/7/", "historical", "pack#0+1")


def bodies_of(mails: Iterator[bytes]) -> Iterator[tuple[Reference, tuple[Killmail, Zkb]]]:
    for raw in mails:
        one = reference(raw, "5.005")
        try:
            yield one, body_of(one, raw)
        except Unusable:
            continue


def compare(one: ReferenceLike, body: tuple[Killmail, Zkb]) -> None:
    everybody = sorted(entity_ids(body[0]))
    for place in PLACES:
        for known in ([], everybody, everybody[::2]):
            names = {i: f'Ñame \\ "of" {i} \x07\x7f' for i in known}
            named = Named(names, tuple(set(everybody) - set(known)))
            written = draft(one, body, place, TYPES, named)
            mail = enrich(one, body, place, TYPES, names)
            assert written.line == mail.model_dump_json(by_alias=True, exclude_none=True).encode()
            assert written.mail == mail
            attackers = ATTACKERS.dump_json(mail.attackers, by_alias=True, exclude_none=True)
            assert written.attackers.encode() == attackers
            assert list(written.missing) == [i for i in everybody if i not in names]


def test_awkward_mails_are_written_as_their_model_writes_them() -> None:
    found = list(bodies_of(raws()))
    assert len(found) > 25
    for one, body in found:
        compare(one, body)


@pytest.mark.shared
@needs_shared
def test_real_mails_are_written_as_their_model_writes_them() -> None:
    for one, body in bodies_of(real(1500)):
        compare(one, body)


def as_told(one: ReferenceLike, raw: bytes, *, fast: bool) -> object:
    try:
        killmail, zkb = body_of(one, raw) if fast else archived_killmail._any(one, raw)
    except Unusable as reason:
        return str(reason)
    if killmail.killmail_id != one.killmail_id:
        return f"At {one.archive_key} lies killmail {killmail.killmail_id}, not {one.killmail_id}."
    return {name: getattr(killmail, name) for name in Killmail.model_fields}, zkb


@pytest.mark.parametrize("mails", [raws, pytest.param(lambda: real(500), marks=[pytest.mark.shared, needs_shared])])
def test_a_body_read_in_the_fast_way_is_that_of_the_general_way(mails: object) -> None:
    for raw in mails():
        for one in (reference(raw), reference(raw)._replace(killmail_id=8)):
            assert as_told(one, raw, fast=True) == as_told(one, raw, fast=False), raw[:300]
