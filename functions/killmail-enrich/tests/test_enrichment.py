"""Putting a mail together, and refusing what is none."""

import gzip
import json
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from battlescope_schemas.enriched import EnrichedKillmail
from battlescope_schemas.killmail import Killmail, Zkb
from battlescope_schemas.reference import KillmailChunk, KillmailReference
from killmail_enrich.enrichment import chunks
from killmail_enrich.enrichment.archived_killmail import body_of
from killmail_enrich.enrichment.enrichment import enrich, type_ids
from killmail_enrich.enrichment.locations import ItemType, Place
from killmail_enrich.errors import Unusable
from killmail_enrich.names.model import entity_ids

PLACE = Place(30000001, "Tanoo", 20000001, 10000001, "Derelik", 0.86, (30000002,))
TYPES = {587: ItemType(587, "Rifter", 25, "Frigate", 6), 35832: ItemType(35832, "Astrahus", 1657, "Citadel", 65)}
REFERENCE = KillmailReference(
    killmail_id=7,
    zkb_hash="a" * 40,
    killmail_time=datetime(2026, 11, 1, 20, tzinfo=UTC),
    system_id=30000001,
    isk_value=Decimal("5.005"),
    zkb_url="https://zkillboard.com/kill/7/",
    archive_key="pack#0+1",
)


def body(**changes: Any) -> dict[str, Any]:
    return {
        "killmail_id": 7,
        "killmail_time": "2026-11-01T20:00:00Z",
        "solar_system_id": 30000001,
        "victim": {"ship_type_id": 587, "character_id": 1, "corporation_id": 98000001, "faction_id": 500001},
        "attackers": [
            {"character_id": 90000002, "corporation_id": 98000001, "ship_type_id": 35832, "weapon_type_id": 3},
            {"corporation_id": 1000125, "final_blow": True},
        ],
    } | changes


def enriched(raw: dict[str, Any], zkb: Zkb | None = None, names: dict[int, str] | None = None) -> EnrichedKillmail:
    return enrich(REFERENCE, (Killmail.model_validate(raw), zkb or Zkb()), PLACE, TYPES, names or {})


def test_names_places_and_types_come_together() -> None:
    mail = enriched(body(), names={1: "Vera", 98000001: "One", 500001: "Caldari State"})
    assert (mail.system_name, mail.region_name, mail.nearby_system_ids) == ("Tanoo", "Derelik", (30000002,))
    assert (mail.victim.character_name, mail.victim.faction_name) == ("Vera", "Caldari State")
    assert (mail.victim.ship_type_name, mail.victim.ship_group_name, mail.victim.ship_category_id) == (
        "Rifter",
        "Frigate",
        6,
    )
    assert [attacker.corporation_name for attacker in mail.attackers] == ["One", None]
    assert [attacker.ship_type_name for attacker in mail.attackers] == ["Astrahus", None]
    assert (mail.attacker_count, mail.npc, mail.solo, mail.awox) == (2, False, False, False)


def test_a_structure_among_the_attackers_is_no_duel() -> None:
    assert not enriched(body()).solo
    fair = body(attackers=[{"character_id": 90000002, "ship_type_id": 587, "final_blow": True}])
    assert enriched(fair).solo


def test_the_value_is_the_sites_else_the_references_and_never_beyond_the_column() -> None:
    assert enriched(body(), Zkb(total_value=Decimal("9.999"))).zkb_total_value == Decimal("10.00")
    assert enriched(body()).zkb_total_value == Decimal("5.01")
    assert enriched(body(), Zkb(total_value=Decimal("1e30"))).zkb_total_value is None


def test_who_and_what_is_asked_for() -> None:
    killmail = Killmail.model_validate(body())
    assert entity_ids(killmail) == {1, 98000001, 500001, 90000002, 1000125}
    assert type_ids(killmail) == {587, 35832}


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"<html>", "no killmail at pack#0"),
        (b'{"package": null}', "no whole killmail 7"),
        (json.dumps(body(killmail_id=8)).encode(), "lies killmail 8, not 7"),
        (json.dumps([body(), body()]).encode(), "no whole killmail 7"),
        (b'{"killmail_id": 7, "hash": "a", "zkb": {}}', "no whole killmail 7"),
    ],
)
def test_what_is_not_the_mail_is_refused(raw: bytes, said: str) -> None:
    with pytest.raises(Unusable, match=said):
        body_of(REFERENCE, raw)


def test_a_chunk_holds_its_mails_and_the_same_mails_are_the_same_bytes() -> None:
    mail = enriched(body())
    chunk, content = chunks.of_mail(mail)
    assert chunk == KillmailChunk(chunk_key="chunks/enriched/7.jsonl.gz", count=1, date=date(2026, 11, 1))
    assert EnrichedKillmail.model_validate_json(gzip.decompress(content)) == mail
    assert chunks.of_mail(mail)[1] == content
